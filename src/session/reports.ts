/** Reactions, votes and acks of stored messages, and those that WhatsApp Web reports before their message. */
import type { Jid } from '../model/ids.ts'
import type { MessageRow } from '../store/message-row.ts'
import { ME, NOBODY } from '../store/people.ts'
import type { Store } from '../store/store.ts'
import type { IdentityResolver } from './identity-resolver.ts'

/** A report waits this long for its message. WhatsApp Web reports it again with the message (WAWebHandleSingleMsg). */
const KEPT_MS = 600_000
/** Reports that wait at most: most are about messages that the archive never gets. */
const MOST = 1_000

export type Reports = {
  /**
   * Writes a report about the message of this sender (null: this account), now or once the message is here, within ten minutes.
   * `chat`: its address, now or when the message was sent.
   */
  write(chat: Jid, bareId: string, sender: Jid | null, write: (row: MessageRow) => void): void
  /**
   * Writes what was reported about a message that is here now. The reports are kept until their time is over: the transaction may
   * fail, and writing twice changes nothing.
   */
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

  /** The address may have been another person's when the message was sent, or be another one of its person. */
  function findIn(jid: Jid, bareId: string): MessageRow[] {
    const chat = where.findChats(jid).find((one) => messages.findAll(bareId, one).length > 0)
    if (chat !== undefined) return messages.findAll(bareId, chat)
    const others = messages.everywhere(bareId)
    return only(others.filter((row) => where.mayBe(jid, where.personOf(row.chat) ?? NOBODY)))
  }

  /**
   * WhatsApp Web names a person by number or by LID, also before it says that both are one person. Then a message is meant if it is
   * the only one that can be.
   */
  function findSent(jid: Jid, bareId: string, sender: Jid | null): MessageRow[] {
    const rows = findIn(jid, bareId)
    if (sender === null) return rows.filter((row) => row.sender === ME)
    const exact = rows.filter((row) =>
      [where.personOf(row.chat) ?? where.senderIds(sender)].flat().includes(row.sender),
    )
    return exact.length > 0 ? exact : only(rows.filter((row) => where.mayBe(sender, row.sender)))
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

const only = (rows: MessageRow[]) => (rows.length === 1 ? rows : [])
