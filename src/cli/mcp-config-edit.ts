/**
 * Edits the entry of this program in another program's file. The other text stays unchanged, including comments. Each edit
 * is parsed and compared with the intended result before it is used.
 */
import { isDeepStrictEqual } from 'node:util'
import {
  applyEdits,
  findNodeAtLocation,
  modify,
  type Node,
  type ParseError,
  parse as parseJsonc,
  parseTree,
} from 'jsonc-parser'
import { parse as parseToml, stringify as toToml } from 'smol-toml'
import { isRecord } from '../json.ts'

type Json = Record<string, unknown>

export type Edit = {
  format: 'json' | 'jsonc' | 'toml'
  member: string
  name: string
  entry: Json
  /** True if the existing entry is of this program. It keeps the user's additions; another program's entry is replaced. */
  isOurs(before: Json): boolean
}

/** The file cannot be edited safely. `message` is the rest of a sentence that begins with the file's name. */
export class EditError extends Error {}

/** The keys that this program writes, for any client. All other keys are the user's additions. */
const OURS = ['type', 'command', 'args', 'url', 'httpUrl', 'serverUrl']

/** Returns the text with the entry. Returns the same text if it already has the entry. @throws EditError */
export function withEntry(text: string, edit: Edit): string {
  const bom = text.startsWith('\ufeff') ? '\ufeff' : ''
  const before = text.slice(bom.length)
  const read = edit.format === 'toml' ? readToml : readJson(edit.format)
  const data = read(before)
  const servers = data[edit.member] ?? {}
  const known = isRecord(servers) ? (servers[edit.name] ?? {}) : null
  if (!isRecord(servers) || !isRecord(known))
    throw new EditError(`has no table of servers at "${edit.member}"`)
  const isOurs = edit.isOurs(known)
  const kept = isOurs ? Object.fromEntries(Object.entries(known).filter(([key]) => !OURS.includes(key))) : {}
  const merged = { ...edit.entry, ...kept }
  const wanted = { ...data, [edit.member]: { ...servers, [edit.name]: merged } }
  if (isDeepStrictEqual(plainOf(data), plainOf(wanted))) return text
  const change = !Object.hasOwn(servers, edit.name) ? 'add' : isOurs ? 'update' : 'replace'
  const tries = edit.format === 'toml' ? editToml(before, edit, change) : [editJson(before, edit, change)]
  const after = tries.find(isWanted)
  if (after === undefined) throw new EditError('cannot be edited safely')
  return bom + after

  function isWanted(edited: string): boolean {
    try {
      return isDeepStrictEqual(plainOf(read(edited)), plainOf(wanted))
    } catch {
      return false
    }
  }
}

/** Returns the entry with this name; null if there is none. @throws EditError if the text cannot be parsed */
export function entryIn(text: string, { format, member, name }: Omit<Edit, 'entry' | 'isOurs'>): unknown {
  const read = format === 'toml' ? readToml : readJson(format)
  const servers = read(text.replace(/^\ufeff/, ''))[member]
  return isRecord(servers) && Object.hasOwn(servers, name) ? servers[name] : null
}

function readJson(format: 'json' | 'jsonc'): (text: string) => Json {
  return (text) => {
    if (text.trim() === '') return {}
    const errors: ParseError[] = []
    const isLoose = format === 'jsonc'
    const data: unknown = parseJsonc(text, errors, {
      allowTrailingComma: isLoose,
      disallowComments: !isLoose,
    })
    if (errors.length > 0 || !isRecord(data)) throw new EditError('is not valid JSON')
    return data
  }
}

/** The change to an entry. `add`: it is new. `update`: only our keys change. `replace`: the whole entry changes. */
type Change = 'add' | 'update' | 'replace'

/** Edits JSON. Inserts a new entry before the others, where no comma or comment interferes. */
function editJson(text: string, { member, name, entry }: Edit, change: Change): string {
  const eol = eolOf(text)
  const unit = /^([ \t]+)\S/m.exec(text)?.[1] ?? '  '
  const root = parseTree(text)
  const at = (...path: string[]) => (root === undefined ? undefined : findNodeAtLocation(root, path))
  if (root === undefined) return `${JSON.stringify({ [member]: { [name]: entry } }, null, unit)}${eol}`
  if (change !== 'add') {
    const formattingOptions = {
      insertSpaces: !unit.startsWith('\t'),
      tabSize: unit.startsWith('\t') ? 1 : unit.length,
      eol,
    }
    if (change === 'replace')
      return applyEdits(text, modify(text, [member, name], entry, { formattingOptions }))
    return OURS.reduce((now, key) => {
      const isThere = at(member, name, key) !== undefined
      if (!isThere && entry[key] === undefined) return now
      return applyEdits(now, modify(now, [member, name, key], entry[key], { formattingOptions }))
    }, text)
  }
  const servers = at(member)
  return servers === undefined
    ? putFirst(text, root, { key: member, value: { [name]: entry }, unit, eol })
    : putFirst(text, servers, { key: name, value: entry, unit, eol })
}

type Member = { key: string; value: Json; unit: string; eol: string }

/** Returns the text with a new member at the beginning of this object. */
function putFirst(text: string, { offset, children = [] }: Node, { key, value, unit, eol }: Member): string {
  const lineStart = text.lastIndexOf('\n', offset) + 1
  const outer = /^[ \t]*/.exec(text.slice(lineStart))?.[0] ?? ''
  const inner = outer + unit
  const shown = JSON.stringify(value, null, unit).replaceAll('\n', `${eol}${inner}`)
  const after = children.length > 0 ? ',' : `${eol}${outer}`
  const start = offset + 1
  return `${text.slice(0, start)}${eol}${inner}${JSON.stringify(key)}: ${shown}${after}${text.slice(start)}`
}

function readToml(text: string): Json {
  try {
    return parseToml(text)
  } catch {
    throw new EditError('is not valid TOML')
  }
}

/**
 * Edits TOML: appends a new table, or replaces our keys in the existing table (or the whole table with its subtables).
 * Returns one text for each line that looks like the header, because such a line may also be part of a string.
 */
function editToml(text: string, { member, name, entry }: Edit, change: Change): string[] {
  const eol = eolOf(text)
  const ours = toToml(entry).trim().split('\n')
  if (change === 'add') {
    const start = text.trim() === '' ? '' : `${text.trimEnd()}${eol}${eol}`
    return [[`${start}[${member}.${name}]`, ...ours, ''].join(eol)]
  }
  const lines = text.split(/\r?\n/)
  return lines.flatMap((line, header) => {
    if (!isHeader(line, member, name)) return []
    const next = lines.findIndex(
      (one, index) =>
        index > header && /^\s*\[/.test(one) && !(change === 'replace' && isHeader(one, member, name, true)),
    )
    const end = next === -1 ? lines.length : next
    const kept = change === 'replace' ? [''] : withoutKeys(lines.slice(header + 1, end))
    return [[...lines.slice(0, header + 1), ...ours, ...kept, ...lines.slice(end)].join(eol)]
  })
}

/** True if the line is the header of our table, or with `orBelow` of a table inside it. */
function isHeader(line: string, member: string, name: string, orBelow = false): boolean {
  const match = /^\s*\[\s*([\w-]+)\s*\.\s*(?:([\w-]+)|"([^"]*)"|'([^']*)')\s*([.\]])/.exec(line)
  if (match === null || match[1] !== member || ![match[2], match[3], match[4]].includes(name)) return false
  return orBelow || (match[5] === ']' && /^\s*(?:#.*)?$/.test(line.slice(match[0].length)))
}

/** Removes our keys and their values, which may span several lines. */
function withoutKeys(lines: string[]): string[] {
  const kept: string[] = []
  for (let at = 0; at < lines.length; at += 1) {
    const key = /^\s*([\w-]+)\s*=/.exec(lines[at] ?? '')?.[1] ?? ''
    if (!OURS.includes(key)) kept.push(lines[at] ?? '')
    else
      for (let end = at; end < lines.length; end += 1) {
        if (!isWhole(lines.slice(at, end + 1).join('\n'))) continue
        at = end
        break
      }
  }
  return kept
}

function isWhole(toml: string): boolean {
  try {
    return parseToml(toml) !== null
  } catch {
    return false
  }
}

function eolOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n'
}

/** Returns a value for comparison: dates as text, without prototypes. */
function plainOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
