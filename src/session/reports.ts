/** Reactions, votes and acks of stored messages, and those that WhatsApp Web reports before their message. */
import type { Jid } from '../model/ids.ts'
import type { MessageRow } from '../store/message-row.ts'
import { ME } from '../store/people.ts'
import type { Store } from '../store/store.ts'
import type { IdentityResolver } from './identity-resolver.ts'

/** WhatsApp Web reports them again with the message (WAWebHandleSingleMsg), so that one follows the other at once. */
const KEPT_MS = 600_000
/** Most are about messages that the archive does not have at all. */
const MOST = 1_000

export type Reports = {
  /**
   * Writes a report about the message of this sender (null: this account), now or once the message is here, within ten minutes.
   * `chat`: its address, now or when the message was sent.
   */
  write(chat: Jid, bareId: string, sender: Jid | null, write: (row: MessageRow) => void): void
  /** Writes what was reported about a message that is here now. Kept until then: its transaction may fail, and writing twice changes nothing. */
  writeFor(bareId: string): void
}

/** @param now Unix milliseconds */
export function createReports(
  { messages }: Pick<Store, 'messages'>,
  where: IdentityResolver,
  now: () => number,
): Reports {
  let early: { bareId: string; until: number; write: () => void }[] = []
  const fresh = () => early.filter(({ until }) => until >= now())

  /** An address may have been another person's when the message was sent. */
  function findSent(jid: Jid, bareId: string, sender: Jid | null): MessageRow[] {
    const chat = where.findChats(jid).find((one) => messages.findAll(bareId, one).length > 0)
    if (chat === undefined) return []
    const person = where.personOf(chat)
    const senders = sender === null ? [ME] : person === null ? where.senderIds(sender) : [person]
    return messages.findAll(bareId, chat).filter((row) => senders.includes(row.sender))
  }

  return {
    write(chat, bareId, sender, write) {
      const writeAll = () => {
        const rows = findSent(chat, bareId, sender)
        rows.forEach(write)
        return rows.length > 0
      }
      if (writeAll()) return
      early = [...fresh(), { bareId, until: now() + KEPT_MS, write: writeAll }].slice(-MOST)
    },
    writeFor(bareId) {
      if (early.length === 0) return
      for (const one of fresh()) if (one.bareId === bareId) one.write()
    },
  }
}
