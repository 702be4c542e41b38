/** Cursors of lists: the place after which to go on, opaque outside. They stay good while the list changes. */
import type { z } from 'zod'
import { fail } from '../errors.ts'

/** @param list name of the list, so that no other takes the cursor */
export function toCursor(list: string, place: unknown): string {
  return Buffer.from(JSON.stringify([list, place])).toString('base64url')
}

/**
 * The place in a cursor of {@link toCursor}; null where none was given: the list begins.
 * @throws AppError `invalid_input` for anything else
 */
export function fromCursor<T>(list: string, cursor: string | undefined, shape: z.ZodType<T>): T | null {
  if (cursor === undefined) return null
  const [name, place] = parse(cursor)
  const read = shape.safeParse(place)
  if (name === list && read.success) return read.data
  return fail('invalid_input', {
    detail:
      '"cursor" is not one that this list gave: take next_cursor of the page before, whole, or leave it out for the first page.',
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
