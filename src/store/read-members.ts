/** Reads who was in a group when. */
import { fail } from '../errors.ts'
import type { Jid } from '../model/ids.ts'
import type { PersonRow } from './people.ts'
import type { Finder } from './read-finder.ts'
import type { Loader } from './read-loader.ts'
import { chatId, chatName, personJid, personName } from './render.ts'
import type { Connection } from './sqlite.ts'
import { msToIso } from './times.ts'

/**
 * One stay of a person in a group. `since`, `until`: ISO 8601, when it was noticed; `since` null: before the archive first saw the
 * group; `until` null: still a member.
 */
export type Stay = { id: string; name: string; isAdmin: boolean; since: string | null; until: string | null }

export type MemberReader = {
  /**
   * Returns the stays in a group that include this time (Unix ms; null: all), unordered, without this account.
   * @throws `chat_not_found`, also for a chat that is no group
   */
  stays(group: Jid, atMs: number | null): { chat: { id: string; name: string }; stays: Stay[] }
}

// main: a reader who sees a group sees all its members.
const STAYS = `SELECT p.*, s.since_ms, s.until_ms, coalesce(m.is_admin, 0) AS is_admin
  FROM member_spans s CROSS JOIN main.people p ON p.id = s.person
  LEFT JOIN members m ON m.chat = s.chat AND m.person = s.person AND s.until_ms IS NULL
  WHERE s.chat = ?1 AND (?2 IS NULL OR (coalesce(s.since_ms, 0) <= ?2 AND (s.until_ms IS NULL OR s.until_ms > ?2)))`

export function createMemberReader(db: Connection, loader: Loader, finder: Finder): MemberReader {
  const stays = db.query<PersonRow & { since_ms: number | null; until_ms: number | null; is_admin: number }>(
    STAYS,
  )
  return {
    stays(group, atMs) {
      const row = finder.chat(group)
      if (row?.kind !== 'group') fail('chat_not_found')
      const found = stays.all(row.id, atMs).map((one) => ({
        id: personJid(one) ?? '',
        name: personName(one),
        isAdmin: one.is_admin === 1,
        since: one.since_ms === null ? null : msToIso(one.since_ms),
        until: one.until_ms === null ? null : msToIso(one.until_ms),
      }))
      return { chat: { id: chatId(row), name: chatName(row, loader.own()) }, stays: found }
    },
  }
}
