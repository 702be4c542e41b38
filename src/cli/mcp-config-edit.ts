/**
 * Our entry in a file that somebody else keeps: the text around it stays as it is, comments too. Whatever the edit, it is
 * held against what was meant before anything is written.
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
import { isRecord } from './stdio-message.ts'

type Json = Record<string, unknown>

export type Edit = {
  format: 'json' | 'jsonc' | 'toml'
  member: string
  name: string
  entry: Json
  /** Is the entry of that name one of ours? Then it keeps what its user added; all of another program's goes. */
  isOurs(before: Json): boolean
}

/** The file cannot be edited safely. `message` is the rest of a sentence that begins with the file's name. */
export class EditError extends Error {}

/** What entries of ours say, for any client; anything else in one was put there by its user. */
const OURS = ['type', 'command', 'args', 'url', 'httpUrl', 'serverUrl']

/** The text with our entry in it; the same text where it is there already. @throws EditError */
export function withEntry(text: string, edit: Edit): string {
  const bom = text.startsWith('\ufeff') ? '\ufeff' : ''
  const before = text.slice(bom.length)
  const read = edit.format === 'toml' ? readToml : readJson(edit.format)
  const data = read(before)
  const servers = data[edit.member] ?? {}
  const known = isRecord(servers) ? (servers[edit.name] ?? {}) : null
  if (!isRecord(servers) || !isRecord(known))
    throw new EditError(`holds no table of servers at "${edit.member}"`)
  const isOurs = edit.isOurs(known)
  const kept = isOurs ? Object.fromEntries(Object.entries(known).filter(([key]) => !OURS.includes(key))) : {}
  const merged = { ...edit.entry, ...kept }
  const wanted = { ...data, [edit.member]: { ...servers, [edit.name]: merged } }
  if (isDeepStrictEqual(plainOf(data), plainOf(wanted))) return text
  const change = !Object.hasOwn(servers, edit.name) ? 'add' : isOurs ? 'update' : 'replace'
  const tries = edit.format === 'toml' ? editToml(before, edit, change) : [editJson(before, edit, change)]
  const after = tries.find((one) => says(one, wanted))
  if (after === undefined) throw new EditError('is written in a way that cannot be edited safely')
  return bom + after

  function says(text: string, wanted: Json): boolean {
    try {
      return isDeepStrictEqual(plainOf(read(text)), plainOf(wanted))
    } catch {
      return false
    }
  }
}

/** The entry of that name, as it is in the text; null where there is none. @throws EditError where it cannot be read */
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

/** To an entry: there was none; only our keys change; all of it does. */
type Change = 'add' | 'update' | 'replace'

/** A new entry is put before the others, where no comma and no comment is in the way. */
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

/** The text with one more member at the beginning of this object. */
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
 * Appended as a table of its own, or our keys exchanged in the table that is there (with its subtables, where all of it is
 * replaced): one text for each line that looks like its header, since such a line may stand in a string too.
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

/** Is it the header of our table; with `orBelow`, or of a table in it? */
function isHeader(line: string, member: string, name: string, orBelow = false): boolean {
  const match = /^\s*\[\s*([\w-]+)\s*\.\s*(?:([\w-]+)|"([^"]*)"|'([^']*)')\s*([.\]])/.exec(line)
  if (match === null || match[1] !== member || ![match[2], match[3], match[4]].includes(name)) return false
  return orBelow || (match[5] === ']' && /^\s*(?:#.*)?$/.test(line.slice(match[0].length)))
}

/** Without our keys and their values, which may go over several lines. */
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

/** Values to compare: dates and prototypes as text says them. */
function plainOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
