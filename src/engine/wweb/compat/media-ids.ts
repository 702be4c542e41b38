/** The private id of prepared media, which hides the key of the message that it is sent with. */
import type { Piece } from './piece.ts'

declare const window: {
  WWebJS?: { processMediaData?: (media: unknown, options: object) => Promise<object> }
}

/**
 * The library spreads the model of prepared media over the message (Utils.js, `sendMessage`); since September 2026 that
 * model owns an enumerable `__x_id`. A spread skips what is not enumerable.
 */
export const mediaIds: Piece = {
  name: 'media_ids',
  builds: 'since 2.3000.1047775310',
  source: 'wwebjs#201921, wwebjs#201922, wwebjs PR #201923, waha#2271',
  mends: 'No media is sent: "Data passed to getter must include an id property".',
  when: 'linked',
  apply() {
    const helpers = window.WWebJS
    const prepare = helpers?.processMediaData
    if (!helpers || !prepare) return false
    helpers.processMediaData = async (media, options) => {
      const prepared = await prepare(media, options)
      if (Object.hasOwn(prepared, '__x_id')) Object.defineProperty(prepared, '__x_id', { enumerable: false })
      return prepared
    }
    return true
  },
}
