/** The reading functions of the archive: they serve all read requests, in every state of the session. */
import type { Clock } from '../clock.ts'
import type { IsOurs } from './acquaintance.ts'
import { type ChatReader, createChatReader } from './read-chats.ts'
import { type ContactReader, createContactReader } from './read-contacts.ts'
import { createFinder } from './read-finder.ts'
import { createGapReader } from './read-gaps.ts'
import { createLoader } from './read-loader.ts'
import { createMemberReader, type MemberReader } from './read-members.ts'
import { createMessageReader, type MessageReader } from './read-messages.ts'
import { createRecipientReader, type RecipientReader } from './read-recipients.ts'
import { createSearchReader, type SearchReader } from './read-search.ts'
import { createStatsReader, type StatsReader } from './read-stats.ts'
import { createWaitingReader, type WaitingReader } from './read-waiting.ts'
import type { Connection } from './sqlite.ts'

/**
 * Returns plain data in the form of the API. Everything is found by an index, a page in a handful of
 * statements. Each function documents the `AppError` it throws; SQLite's own errors pass through.
 */
export type Reader = ChatReader &
  MemberReader &
  MessageReader &
  ContactReader &
  WaitingReader &
  SearchReader &
  RecipientReader &
  StatsReader

/**
 * Prepares all statements once, here. `clock`: decides which chats are muted, and how long a reply has been
 * due. `isOurs`: recognises the messages of this server.
 */
export function createReader(db: Connection, clock: Clock, isOurs?: IsOurs): Reader {
  const loader = createLoader(db, clock, isOurs)
  const finder = createFinder(db, loader)
  const gaps = createGapReader(db, loader)
  const messages = createMessageReader(db, loader, finder, gaps)
  return {
    ...createChatReader(db, loader, finder, gaps),
    ...createMemberReader(db, loader, finder),
    ...messages,
    ...createContactReader(db, loader, finder),
    ...createWaitingReader(db, loader),
    ...createSearchReader(db, loader, finder, messages),
    ...createRecipientReader(db, loader, finder),
    ...createStatsReader(db),
  }
}
