/** Reads the rules file: only a file that nobody else can read or write, and only rules without an error. */
import { lstatSync, type Stats } from 'node:fs'
import { LineCounter, parseDocument } from 'yaml'
import { codeOf } from '../error-code.ts'
import { describeIssue } from '../model/misfit.ts'
import { readText, UnfitFileError } from '../read-file.ts'
import { RulesError } from './file-state.ts'
import { type Rule, RulesFile } from './rule.ts'

const MAX_BYTES = 256 * 1024

/** Returns the rules of this file; none if it does not exist. @throws RulesError */
export function readRules(file: string): Rule[] {
  let text: string
  try {
    // A link would bring a file from elsewhere.
    if (lstatSync(file).isSymbolicLink()) throw new UnfitFileError('is a link')
    text = readText(file, { maxBytes: MAX_BYTES, look: demandOwn })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw new RulesError(
      error instanceof UnfitFileError
        ? `The file ${error.message}`
        : `The file cannot be read (${codeOf(error) ?? error})`,
    )
  }
  return parseRules(text)
}

/** The rules run programs as this user: nobody else may write them, or read their secrets. */
function demandOwn({ uid, mode }: Stats): void {
  if (process.getuid === undefined) return
  if (uid !== process.getuid()) throw new UnfitFileError('belongs to another user')
  if ((mode & 0o077) !== 0) throw new UnfitFileError('is open to other users: run chmod 600 on it')
}

/** Returns the rules of this text. @throws RulesError with the line of the first error */
export function parseRules(text: string): Rule[] {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true })
  const [flaw] = [...document.errors, ...document.warnings]
  if (flaw !== undefined) throw new RulesError(sentence(flaw.message), lines.linePos(flaw.pos[0]).line)
  const given: unknown = toValue(document)
  if (given === null) return []
  const result = RulesFile.safeParse(given, { error: describeIssue })
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = (issue?.path ?? []).filter((part) => typeof part !== 'symbol')
  const isUnknown = issue?.code === 'unrecognized_keys'
  const wrong = isUnknown ? [...path, issue.keys[0] ?? ''] : path
  const reason = isUnknown ? 'is unknown' : (issue?.message ?? 'is not allowed')
  throw new RulesError(reasonOf(wrong, reason), lineOf(document, wrong, lines))
}

type Document = ReturnType<typeof parseDocument>

function toValue(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw new RulesError(sentence(error instanceof Error ? error.message : String(error)))
  }
}

const sentence = (text: string) => text.replace(/\s+/g, ' ').replace(/\.$/, '')

/** `rules.0.kinds.1` is a place for programs: people see the field. */
function reasonOf(path: readonly (string | number)[], message: string): string {
  const field = path.findLast((part) => typeof part === 'string')
  return field === undefined ? sentence(message) : `"${String(field)}": ${sentence(message)}`
}

/** Returns the line of the key of this value, or of the nearest that the file has. */
function lineOf(document: Document, path: readonly (string | number)[], lines: LineCounter): number | null {
  for (let length = path.length; length > 0; length -= 1) {
    const at = startOf(document, path.slice(0, length))
    if (at !== null) return lines.linePos(at).line
  }
  return null
}

function startOf(document: Document, path: readonly (string | number)[]): number | null {
  const name = path.at(-1)
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  const items: unknown = Object(parent).items
  const entries: unknown[] = Array.isArray(items) ? items : []
  const found =
    typeof name === 'number' ? entries[name] : entries.find((one) => Object(Object(one).key).value === name)
  const range: unknown = Object(Object(found).key ?? found).range
  return Array.isArray(range) && typeof range[0] === 'number' ? range[0] : null
}
