/** Media of channels, which newer builds measure by a module. */
import type { Piece } from './piece.ts'

type Model = { avParams?: () => unknown }
declare const window: {
  require(name: 'WAWebCollections'): { Msg: { modelClass?: { prototype: Model } } }
  require(name: 'WAWebMediaMetadata'): { mediaMetadata(message: Model): unknown }
}

/** The library asks the message itself (Utils.js, `sendMessage`), as all builds did until July 2026. */
export const channelMedia: Piece = {
  name: 'channel_media',
  builds: 'since 2.3000.1044 (July 2026)',
  source: 'wwebjs#201823, wwebjs PR #201824, waha#2149',
  mends: 'No media is posted in a channel: "msg.avParams is not a function".',
  when: 'linked',
  apply() {
    const model = window.require('WAWebCollections').Msg.modelClass?.prototype
    if (!model || model.avParams) return false
    model.avParams = function (this: Model) {
      return window.require('WAWebMediaMetadata').mediaMetadata(this)
    }
    return true
  },
}
