/** What can be asked of the archive: every reading request is answered from here, in every state of the session. */
import type { Clock } from '../clock.ts'
import { type ChatReader, createChatReader } from './read-chats.ts'
import { type ContactReader, createContactReader } from './read-contacts.ts'
import { createFinder } from './read-finder.ts'
import { createGapReader } from './read-gaps.ts'
import { createLoader } from './read-loader.ts'
import { createMessageReader, type MessageReader } from './read-messages.ts'
import { createRecipientReader, type RecipientReader } from './read-recipients.ts'
import { createSearchReader, type SearchReader } from './read-search.ts'
import { createWaitingReader, type WaitingReader } from './read-waiting.ts'
import type { Connection } from './sqlite.ts'

/**
 * Plain data in the shapes of the wire. Everything is looked up by index, a page in a handful of statements.
 * Each function says which `AppError` it throws; SQLite's own errors pass through.
 */
export type Reader = ChatReader &
  MessageReader &
  ContactReader &
  WaitingReader &
  SearchReader &
  RecipientReader

/** All statements are prepared here, once. `clock` tells which chats are muted now, and how long somebody waits. */
export function createReader(db: Connection, clock: Clock): Reader {
  const loader = createLoader(db, clock)
  const finder = createFinder(db, loader)
  const gaps = createGapReader(db, loader)
  const messages = createMessageReader(db, loader, finder, gaps)
  return {
    ...createChatReader(db, loader, finder, gaps),
    ...messages,
    ...createContactReader(db, loader, finder),
    ...createWaitingReader(db, loader),
    ...createSearchReader(db, loader, finder, messages),
    ...createRecipientReader(db, loader, finder),
  }
}
