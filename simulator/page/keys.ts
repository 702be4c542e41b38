/** Message keys of this page's build, made from the data of the service. */
import type { WireMessage } from '../wire.ts'
import { isLidMode } from './lid-mode.ts'
import { type MsgKey, msgKeyClassOf } from './msg-key.ts'
import { boot } from './page.ts'
import { isMe, lidWidOf, myLidWid, myPhoneWid, personByPhone, phoneWidOf } from './people.ts'
import { createWid, type Wid } from './wid.ts'

/** `WAWebMsgKey` of this build. */
export const MsgKeyOfBuild = msgKeyClassOf(boot.build)

/** The author's wid in the form that this chat uses. */
export function authorWid(message: WireMessage, lidMode: boolean): Wid {
  if (message.fromMe) return lidMode ? myLidWid() : myPhoneWid()
  return widOfPhone(message.from, lidMode)
}

/** True if this message's key contains LIDs. An old key may not, even if its chat uses LIDs by now. */
export function lidModeOf(message: WireMessage): boolean {
  return isLidMode(message.addressedAs ?? message.chat)
}

/** The wid of the person with this phone number; by phone also in LID mode while the LID is unknown. */
export function widOfPhone(phone: string, lidMode: boolean): Wid {
  const person = personByPhone(phone)
  return person && (lidMode || person.phoneHidden) ? lidWidOf(person) : phoneWidOf({ phone })
}

/** The key of a message. In groups it names the author; in the chat with oneself it ends in `_out`. */
export function keyOf(message: WireMessage, lidMode: boolean): MsgKey {
  const remote = createWid(message.addressedAs ?? message.chat)
  const hasParticipant = remote.isGroup() || remote.isBroadcast()
  return new MsgKeyOfBuild({
    fromMe: message.fromMe,
    remote,
    id: message.id,
    participant: hasParticipant ? authorWid(message, lidMode) : undefined,
    self: message.fromMe && isMe(remote) ? 'out' : undefined,
  })
}
