/** The first line of an exported archive, and what can be wrong with any of them. */
import type { z } from 'zod'
import { ArchiveLine, FORMAT, FORMAT_VERSION } from './export-format.ts'

/** What can be wrong with a file or its place; each is told with a sentence. */
export type ImportCode =
  | 'not_an_export'
  | 'newer_format'
  | 'other_account'
  | 'archive_not_empty'
  | 'invalid_line'
  | 'cut_short'

/** The file cannot be imported. `message` is one sentence, with the number of the line where it is about one. */
export class ImportError extends Error {
  readonly code: ImportCode
  constructor(code: ImportCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ImportError'
    this.code = code
  }
}

export type ArchiveHeader = z.infer<typeof ArchiveLine>

/** @throws ImportError `not_an_export`, `newer_format`, `invalid_line` */
export function readHeaderLine(text: string): ArchiveHeader {
  const value = parse(text)
  const isOurs = typeof value === 'object' && value !== null && 'format' in value && value.format === FORMAT
  if (!isOurs) throw new ImportError('not_an_export', 'The first line is not that of an exported archive.')
  if ('version' in value && typeof value.version === 'number' && value.version > FORMAT_VERSION) {
    throw new ImportError(
      'newer_format',
      `The file has version ${value.version} of the format; this program knows ${FORMAT_VERSION}.`,
    )
  }
  const header = ArchiveLine.safeParse(value)
  if (header.success) return header.data
  throw new ImportError('invalid_line', `Line 1: ${describe(header.error)}.`)
}

/** JSON; undefined for anything else. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The first thing that is wrong; values are not repeated, they are private. */
export function describe({ issues }: z.ZodError): string {
  const [issue] = issues
  if (issue === undefined) return 'it does not fit'
  const where = issue.path.join('.')
  return where === '' || where === 'line'
    ? 'not a line of an exported archive'
    : `"${where}": ${issue.message}`
}
