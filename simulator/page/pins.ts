/** `PinInChatCollection`: messages that are pinned for everyone in their chats, also those that are not in memory. */
import type { WireMessage } from '../wire.ts'
import { Collection } from './collection.ts'
import { keyOf, lidModeOf, widOfPhone } from './keys.ts'
import { declareProps, Model } from './model.ts'
import type { MsgKey } from './msg-key.ts'
import { createWid, type Wid } from './wid.ts'

/** `PIN_STATE` (WAWebPinMsgConstants). */
export const pinState = { INVALID: 0, PIN: 1, UNPIN: 2 } as const

type PinProps = {
  id: string
  parentMsgKey: MsgKey
  chatId: Wid
  sender: Wid
  pinType: number
  /** In seconds, from `senderTimestampMs` on. */
  pinExpiryDuration: number
  senderTimestampMs: number
}

/** One pin; a pin that was taken back stays, with another type. */
class PinModel extends Model<PinProps> {}

declareProps(PinModel, 'id parentMsgKey chatId sender pinType pinExpiryDuration senderTimestampMs')

class PinCollection extends Collection<PinModel> {
  getByParentMsgKey(key: unknown): PinModel | undefined {
    return this.get(String(key))
  }
}

export const pins: PinCollection = new PinCollection()

/** Stores the pin of a message, or that it has none any more. */
export function learnPin(message: WireMessage, by: string, atMs: number): void {
  const lidMode = lidModeOf(message)
  const parentMsgKey = keyOf(message, lidMode)
  const id = String(parentMsgKey)
  const { pinned } = message
  const props = {
    pinType: pinned ? pinState.PIN : pinState.UNPIN,
    pinExpiryDuration: pinned ? pinned.until - Math.floor(atMs / 1000) : 0,
    senderTimestampMs: atMs,
    sender: widOfPhone(by, lidMode),
  }
  const known = pins.get(id)
  if (known) known.set(props)
  else pins.add(new PinModel({ id, parentMsgKey, chatId: createWid(message.chat), ...props }))
}

/** `WAWebPinInChatSchema.getTable()`: the rows of the page's database. */
export const pinTable = {
  equals: async ([field]: string[], value: unknown): Promise<Record<string, unknown>[]> =>
    pins
      .filter((pin) => String(Reflect.get(pin.attributes, field ?? '')) === String(value))
      .map((pin) => ({ ...pin.attributes, msgKey: pin.key(), parentMsgKey: pin.key() })),
}
