/** What all reading operations share. */
import { z } from 'zod'
import type { ErrorCode } from '../errors.ts'
import type { Archive } from '../session/archive.ts'

/** The codes that any reading can end with: see `Archive.reader`. */
export const READING_ERRORS = [
  'not_linked',
  'archive_damaged',
  'archive_foreign',
  'archive_newer',
  'archive_unavailable',
  'archive_key_missing',
  'archive_key_wrong',
  'archive_key_unknown',
  'archive_not_encrypted',
  'archive_full',
] as const satisfies ErrorCode[]

/** A member of every answer from the archive. */
export const staleSince = z
  .string()
  .optional()
  .describe(
    'Only while the archive may lag behind WhatsApp: until then it was complete (1970: it never was yet, the first connection is being read). ISO 8601 UTC.',
  )

/** That member, where there is something to say. */
export function staleness(staleSince: Archive['staleSince']): { stale_since?: string } {
  const since = staleSince()
  return since === null ? {} : { stale_since: since }
}

/** A member of every list's answer. */
export const nextCursor = z
  .string()
  .optional()
  .describe('Pass it as `cursor` for the next page. Missing: this was the last.')

/** `next_cursor`, where there is another page. */
export function following(next: string | null): { next_cursor?: string } {
  return next === null ? {} : { next_cursor: next }
}
