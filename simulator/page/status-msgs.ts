/** The messages of `status@broadcast`: WhatsApp notices who reads them (fault `status_risky`). */
import { ChatMsgs } from './chat-msgs.ts'
import type { MsgModel } from './msg-model.ts'
import { connection } from './page.ts'

/** Everything that a client can read of it goes through these two, {@link Collection}'s own methods too. */
export class StatusMsgs extends ChatMsgs {
  override getModelsArray(): MsgModel[] {
    void connection().ask('status_read', {})
    return super.getModelsArray()
  }

  /** Asked by every loading of earlier messages, before all else. */
  override head(): MsgModel | undefined {
    void connection().ask('status_read', {})
    return super.head()
  }
}
