/** Albums: the gates, the constants and the attributes of a page that knows them. */
import type { WireMessage } from '../wire.ts'
import type { MsgProps } from './msg-model.ts'
import { boot } from './page.ts'
import { defineModule } from './registry.ts'

/** The values of WAWebMsgType, WAWebMessageAssociation.flow and WAWebViewMode.flow. */
export const ALBUM = {
  type: 'album',
  kind: 'albumMessage',
  associationType: 'MEDIA_ALBUM',
  viewMode: 'MEDIA_ALBUM',
} as const

/** The fewest files of an album: `album_v2_min_items_to_send_as_album_enabled`, and with a caption. */
const FEWEST = { plain: 4, captioned: 2 }

/** Defines the modules of this file. */
export function defineAlbumModules(): void {
  if (boot.build.albums === 'missing') return
  defineModule('WAWebNewsletterGatingUtils', {
    getNewsletterAlbumsV2MinItemsToSend: (hasCaption: boolean) =>
      hasCaption ? FEWEST.captioned : FEWEST.plain,
  })
  defineModule('WAWebMsgType', { MSG_TYPE: { ALBUM: ALBUM.type }, MsgKind: { Album: ALBUM.kind } })
  defineModule('WAWebMessageAssociation.flow', {
    MessageAssociationType: { MEDIA_ALBUM: ALBUM.associationType },
  })
  defineModule('WAWebViewMode.flow', { ViewModeType: { MEDIA_ALBUM: ALBUM.viewMode } })
}

/** What `WAWebMediaGatingUtils` says of albums. */
export function albumGate(): { isAlbumV2SenderEnabled?: () => boolean } {
  const { albums } = boot.build
  return albums === 'missing' ? {} : { isAlbumV2SenderEnabled: () => albums === 'on' }
}

/** The attributes of an album, and of a file in one. `keyOf` makes the key of a message of the same chat and sender. */
export function albumProps(
  { album, inAlbum }: WireMessage,
  keyOf: (bareId: string) => MsgProps['parentMsgKey'],
): Partial<MsgProps> {
  return {
    ...(album
      ? { kind: ALBUM.kind, expectedImageCount: album.photos, expectedVideoCount: album.videos }
      : {}),
    ...(inAlbum === undefined
      ? {}
      : {
          associationType: ALBUM.associationType,
          viewMode: ALBUM.viewMode,
          parentMsgKey: keyOf(inAlbum),
        }),
  }
}
