/**
 * Albums, in the page: what {@link installPageAlbum} adds to the library, which knows none. The rules of page-rows.ts hold.
 */
import type { OutgoingAlbum } from '../engine.ts'
import type { ChatModel, PageWindow } from './page-types.ts'

declare const window: PageWindow
declare function setTimeout(run: () => void, ms: number): unknown

/**
 * Returns the fields of a file that make it a part of the album; none where WhatsApp Web sends no albums, or did not take the
 * message of this one. Never rejects.
 */
export type PageAlbum = (chat: ChatModel, album: OutgoingAlbum) => Promise<object>

/**
 * Call once per document, before `installPageSends`: the message of the album goes by the library's own function. An album is as
 * WhatsApp Web sends it (WAWebAttachMediaFlow, October 2026): first a message with the numbers of photos and videos, and once
 * the server has taken it, the files, each with its key. Too few files are no album, and whether the account sends any is
 * one of its settings.
 */
export function installPageAlbum(): void {
  /** For the server's response to the message of the album; then the files go alone. */
  const ALBUM_MS = 8_000
  /** The fewest files where the page does not say. */
  const FEWEST = 2
  const { sendMessage } = window.WWebJS

  function isPossible(chat: ChatModel, { photos, videos, hasCaption }: OutgoingAlbum): boolean {
    if (/@(newsletter|broadcast)$/.test(String(chat.id))) return false
    const { isAlbumV2SenderEnabled } = window.require('WAWebMediaGatingUtils')
    if (isAlbumV2SenderEnabled?.() !== true) return false
    const { getNewsletterAlbumsV2MinItemsToSend: fewest } = window.require('WAWebNewsletterGatingUtils')
    return photos + videos >= (fewest?.(hasCaption) ?? FEWEST)
  }

  window.whatsappMcpAlbum = async (chat, album) => {
    try {
      if (!isPossible(chat, album)) return {}
      const id = window.whatsappMcpKey(chat, album.bareId)
      const find = () => window.whatsappMcpFind([String(id)])
      if (!(await find())) {
        const { photos: expectedImageCount, videos: expectedVideoCount } = album
        const late = new Promise((resolve) => setTimeout(() => resolve(undefined), ALBUM_MS))
        const { MSG_TYPE, MsgKind } = window.require('WAWebMsgType')
        const kind = { type: MSG_TYPE.ALBUM, kind: MsgKind.Album, expectedImageCount, expectedVideoCount }
        const sent = sendMessage(chat, '', { waitUntilMsgSent: true, extraOptions: { id, ...kind } })
        await Promise.race([sent, late])
      }
      const message = await find()
      if (!(Number(message?.ack) >= 1)) return {}
      const { MessageAssociationType } = window.require('WAWebMessageAssociation.flow')
      const { ViewModeType } = window.require('WAWebViewMode.flow')
      return {
        associationType: MessageAssociationType.MEDIA_ALBUM,
        viewMode: ViewModeType.MEDIA_ALBUM,
        parentMsgKey: id,
      }
    } catch {
      return {}
    }
  }
}
