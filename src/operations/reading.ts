/** Parts that all reading operations share. */
import { z } from 'zod'
import type { ErrorCode } from '../errors.ts'
import { detail } from '../model/fields.ts'
import type { Archive } from '../session/archive.ts'

/** Error codes that any reading can return: see `Archive.reader`. */
export const READING_ERRORS = [
  'not_linked',
  'starting',
  'archive_damaged',
  'archive_foreign',
  'archive_newer',
  'archive_unavailable',
  'archive_key_missing',
  'archive_key_wrong',
  'archive_key_unknown',
  'archive_not_encrypted',
  'archive_full',
  'server_busy',
] as const satisfies ErrorCode[]

/** A field of every reading of the archive. */
export const ok = detail(z.literal(true))

/** A field of every output from the archive. */
export const staleSince = z
  .string()
  .optional()
  .describe(
    'Set only while the archive may be behind WhatsApp: it is complete up to this time, ISO 8601 UTC (1970: it was never complete, the first sync is running).',
  )

/** Returns `stale_since`, or nothing if the archive is up to date. */
export function staleness(staleSince: Archive['staleSince']): { stale_since?: string } {
  const since = staleSince()
  return since === null ? {} : { stale_since: since }
}

/** A field of every list. */
export const nextCursor = z
  .string()
  .optional()
  .describe('Pass it as `cursor` for the next page. Missing on the last page.')

/** A field of every list that always has one page. */
export const onePage = detail(z.null().describe('Always null: the list has one page.'))

/** Returns `next_cursor`, or nothing on the last page. */
export function following(next: string | null): { next_cursor?: string } {
  return next === null ? {} : { next_cursor: next }
}
