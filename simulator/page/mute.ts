/** How a chat is muted. */

import { declareProps, Model } from './model.ts'
import { connection } from './page.ts'
import type { Wid } from './wid.ts'

/** `expiration`: 0 not muted, -1 for ever, else Unix seconds (wa-js: models/MuteModel.ts). */
export class Mute extends Model<{ id: Wid; expiration: number }> {
  async mute({ expiration }: { expiration: number; sendDevice?: boolean }): Promise<number> {
    await this.#change(expiration)
    return expiration
  }

  async unmute(_options: { sendDevice?: boolean }): Promise<void> {
    await this.#change(0)
  }

  canMute(): boolean {
    return true
  }

  async #change(expiration: number): Promise<void> {
    await connection().ask('chat', { chat: String(this.get('id')), muteExpiration: expiration })
    this.set({ expiration })
  }
}

declareProps(Mute, 'id expiration')
