/** All ids of a chat or message: with phone JIDs and with LIDs. Only these ids can be read and subscribed to. */
import { toJid } from '../../model/ids.ts'
import type { Readings } from '../../operations/door.ts'

type Reader = Pick<ReturnType<Readings['reader']>, 'addressesOf' | 'spellingsOf'>

/** Returns all ids of a chat. @param id as the API returns it */
export function chatIds(id: string, reader: Reader): Promise<string[]> {
  return reader.addressesOf(toJid(id))
}

/** Returns all ids of a message. @param id as the API returns it */
export function messageIds(id: string, reader: Reader): Promise<string[]> {
  return reader.spellingsOf(id)
}
