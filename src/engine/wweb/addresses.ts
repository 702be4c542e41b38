/** Who is who: one person can appear by phone number or by LID, and outside only the phone number is shown. */
import { type Jid, type MessageKey, toJid, toMessageKey } from '../../model/ids.ts'

/** What this engine has learned of LIDs so far. */
export type Addresses = {
  /** These two are the same person. */
  learn(lid: Jid, phone: Jid): void
  /** So are these, and it is this account: nobody has to be told. */
  learnOwn(lid: Jid, phone: Jid): void
  /** The phone JID where it is known, else the JID as it is; in our form. */
  toPhone(jid: string): Jid
  /** The documented form of a serialized key: the chat and the participant by phone where they are known. */
  toKey(serialized: string): MessageKey
}

/** @param onLearned two addresses have turned out to be one person's */
export function createAddresses(onLearned: (lid: Jid, phone: Jid) => void = () => {}): Addresses {
  const phones = new Map<Jid, Jid>()
  const toPhone = (text: string): Jid => {
    const jid = toJid(text)
    return phones.get(jid) ?? jid
  }
  return {
    learn(lid, phone) {
      if (!lid.endsWith('@lid') || !phone.endsWith('@c.us') || phones.get(lid) === phone) return
      phones.set(lid, phone)
      onLearned(lid, phone)
    },
    learnOwn: (lid, phone) => void phones.set(lid, phone),
    toPhone,
    // Bare ids hold no "@" and no "_"; what holds an "@" is a JID.
    toKey: (serialized) =>
      toMessageKey(
        serialized
          .split('_')
          .map((part) => (part.includes('@') ? toPhone(part) : part))
          .join('_'),
      ),
  }
}
