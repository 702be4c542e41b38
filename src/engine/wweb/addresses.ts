/**
 * Maps addresses of people: a person has a phone number and a LID; the API shows the phone number if it is
 * known.
 */
import { type Jid, type MessageKey, toJid, toMessageKey } from '../../model/ids.ts'

/** The LIDs that this engine has learned so far. */
export type Addresses = {
  /** Records that these two addresses belong to one person now; the number may have been another LID's. */
  learn(lid: Jid, phone: Jid): void
  /** The same for this account itself; reported to no listener. */
  learnOwn(lid: Jid, phone: Jid): void
  /** Records that the account of a number that was asked for has another number. */
  found(asked: Jid, phone: Jid): void
  /** The phone JID if it is known, else the JID unchanged; in our form. */
  toPhone(jid: string): Jid
  /** The documented form of a message key: chat and participant by phone number if known. */
  toKey(serialized: string): MessageKey
}

/**
 * @param onLearned called when two addresses are found to belong to one person
 * @param onFound called when the account of a number has another number
 */
export function createAddresses(
  onLearned: (lid: Jid, phone: Jid) => void = () => {},
  onFound: (asked: Jid, phone: Jid) => void = () => {},
): Addresses {
  const phones = new Map<Jid, Jid>()
  const toPhone = (text: string): Jid => {
    const jid = toJid(text)
    return phones.get(jid) ?? jid
  }
  return {
    learn(lid, phone) {
      if (!lid.endsWith('@lid') || !phone.endsWith('@c.us') || phones.get(lid) === phone) return
      for (const [other, its] of phones) if (its === phone) phones.delete(other)
      phones.set(lid, phone)
      onLearned(lid, phone)
    },
    found: onFound,
    learnOwn: (lid, phone) => void phones.set(lid, phone),
    toPhone,
    // Bare ids contain no "@" and no "_"; a part with an "@" is a JID.
    toKey: (serialized) =>
      toMessageKey(
        serialized
          .split('_')
          .map((part) => (part.includes('@') ? toPhone(part) : part))
          .join('_'),
      ),
  }
}
