/**
 * Cursors of lists: an opaque position after which the next page begins. They stay valid while the list
 * changes.
 */
import type { z } from 'zod'
import { fail } from './errors.ts'

/** @param list name of the list; other lists reject the cursor */
export function toCursor(list: string, place: unknown): string {
  return Buffer.from(JSON.stringify([list, place])).toString('base64url')
}

/**
 * Returns the position in a cursor of {@link toCursor}; null if no cursor was given: the first page.
 * @throws AppError `invalid_input` for anything else
 */
export function fromCursor<T>(list: string, cursor: string | undefined, shape: z.ZodType<T>): T | null {
  if (cursor === undefined) return null
  const [name, place] = parse(cursor)
  const read = shape.safeParse(place)
  if (name === list && read.success) return read.data
  return fail('invalid_input', {
    detail:
      '"cursor" is not from this list: send next_cursor of the previous page unchanged, or omit it for the first page.',
  })
}

function parse(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}
