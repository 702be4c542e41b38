/** Whether a person is online (WAWebPresenceModel): known only after `subscribe`, and only if the server says it. */
import { declareProps, Model } from './model.ts'
import { connection } from './page.ts'
import type { Wid } from './wid.ts'

/** `t`: when the person was last online, Unix seconds. `deny`: they hide it. */
type Chatstate = { type: 'available' | 'unavailable'; t?: number; deny?: boolean }

export class Presence extends Model<{ id: Wid; isOnline: boolean; hasData: boolean; chatstate: Chatstate }> {
  /** Resolves with the request; what the server says arrives later, or never. */
  async subscribe(): Promise<void> {
    await connection().ask('watch_presence', { jid: String(this.get('id')) })
  }

  learn(online: boolean, lastSeen: number | undefined): void {
    const seen = lastSeen === undefined ? { deny: true } : { t: lastSeen }
    const chatstate: Chatstate = { type: online ? 'available' : 'unavailable', ...(online ? {} : seen) }
    this.set({ isOnline: online, hasData: true, chatstate })
  }
}

declareProps(Presence, 'id isOnline hasData chatstate')
