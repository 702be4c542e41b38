/** The messages of `status@broadcast`: WhatsApp notices clients that read them (fault `status_risky`). */
import { ChatMsgs } from './chat-msgs.ts'
import type { MsgModel } from './msg-model.ts'
import { connection } from './page.ts'

/** All reads by a client pass through these two, including {@link Collection}'s own methods. */
export class StatusMsgs extends ChatMsgs {
  override getModelsArray(): MsgModel[] {
    void connection().ask('status_read', {})
    return super.getModelsArray()
  }

  /** Called first by every load of earlier messages. */
  override head(): MsgModel | undefined {
    void connection().ask('status_read', {})
    return super.head()
  }
}
