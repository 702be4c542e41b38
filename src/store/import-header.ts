/** The first line of an exported archive, and the errors of an import. */
import type { z } from 'zod'
import { isRecord } from '../json.ts'
import { ArchiveLine, FORMAT, FORMAT_VERSION } from './export-format.ts'

/** Errors of a file or its destination; each comes with a sentence. */
export type ImportCode =
  | 'not_an_export'
  | 'newer_format'
  | 'other_account'
  | 'archive_not_empty'
  | 'invalid_line'
  | 'cut_short'

/** The file cannot be imported. `message` is one sentence, with the line number if the error is in a line. */
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
  const isOurs = isRecord(value) && value.format === FORMAT
  if (!isOurs)
    throw new ImportError('not_an_export', 'The first line is not the header of an exported archive.')
  if ('version' in value && typeof value.version === 'number' && value.version > FORMAT_VERSION) {
    throw new ImportError(
      'newer_format',
      `The file has format version ${value.version}; this program supports up to ${FORMAT_VERSION}.`,
    )
  }
  const header = ArchiveLine.safeParse(value)
  if (header.success) return header.data
  throw new ImportError('invalid_line', `Line 1: ${describe(header.error)}.`)
}

/** Parses JSON; undefined if it is not JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The first error; without values, because they are private. */
export function describe({ issues }: z.ZodError): string {
  const [issue] = issues
  if (issue === undefined) return 'the line is not valid'
  const where = issue.path.join('.')
  return where === '' || where === 'line'
    ? 'not a line of an exported archive'
    : `"${where}": ${issue.message}`
}
