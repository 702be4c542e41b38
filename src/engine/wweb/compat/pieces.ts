/** The compatibility pieces, in the order in which they run. */
import { channelMedia } from './channel-media.ts'
import { mediaIds } from './media-ids.ts'
import { messageKeys } from './message-keys.ts'
import { newsDialog } from './news-dialog.ts'
import type { Piece } from './piece.ts'
import { standIns } from './stand-ins.ts'
import { statusMedia } from './status-media.ts'

export const PIECES: readonly Piece[] = [
  standIns,
  newsDialog,
  messageKeys,
  mediaIds,
  channelMedia,
  statusMedia,
]
