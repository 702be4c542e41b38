/** All ids of a chat or message: with the phone of its people and with their LID. By these alone it is read and told of. */
import { respellKey, toJid } from '../../model/ids.ts'
import type { Readings } from '../../operations/door.ts'

type Reader = Pick<ReturnType<Readings['reader']>, 'addressesOf'>

/** @param id as answers give it */
export function chatIds(id: string, reader: Reader): string[] {
  return reader.addressesOf(toJid(id))
}

/** @param id as answers give it */
export function messageIds(id: string, reader: Reader): string[] {
  return respellKey(id, reader.addressesOf)
}
