/** The messages of `status@broadcast`: WhatsApp notices clients that read them, on some accounts and builds. */
import { ChatMsgs } from './chat-msgs.ts'
import { isOn } from './faults.ts'
import type { MsgModel } from './msg-model.ts'
import { boot, connection } from './page.ts'

/** `status@broadcast` is a chat in the list, and reading it removes the link (OpenWA#1072). */
export function isStatusGuarded(): boolean {
  return boot.build.guardsStatus || isOn('status_risky')
}

/** All reads by a client pass through these two, including {@link Collection}'s own methods. */
export class StatusMsgs extends ChatMsgs {
  override getModelsArray(): MsgModel[] {
    void connection().ask('status_read', {})
    return super.getModelsArray()
  }

  /** Called first by every load of earlier messages. */
  override loadedFrom(): MsgModel | undefined {
    void connection().ask('status_read', {})
    return super.loadedFrom()
  }
}
