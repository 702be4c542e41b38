/** The modules that prepare, upload and download media. */
import { albumGate, defineAlbumModules } from '../albums.ts'
import { downloadAndMaybeDecrypt } from '../media-download.ts'
import {
  encryptAndUpload,
  getOrCreateMediaObject,
  OpaqueData,
  type PrepOptions,
  prepare,
  uploadMedia,
  uploadUnencryptedMedia,
} from '../media-upload.ts'
import { boot } from '../page.ts'
import { defineModule } from '../registry.ts'

/** Defines the modules of this file. */
export function defineMediaModules(): void {
  defineModule('WAWebMediaOpaqueData', OpaqueData)
  defineModule('WAWebPrepRawMedia', {
    prepRawMedia: (blob: OpaqueData, options: PrepOptions) => ({ waitForPrep: () => prepare(blob, options) }),
  })
  defineModule('WAWebMediaStorage', { getOrCreateMediaObject })
  defineModule('WAWebMmsMediaTypes', {
    msgToMediaType: ({ type, isGif }: { type: string; isGif?: boolean }) => (isGif ? 'gif' : type),
    castToV4: (type: string) => type,
  })
  defineModule('WAWebMediaDataUtils', { shouldUseMediaCache: () => false })
  defineModule('WAWebMediaMmsV4Upload', { uploadMedia, uploadUnencryptedMedia })
  defineModule('WAWebUploadManager', { encryptAndUpload })
  defineModule('WAWebStartMediaUploadQpl', { startMediaUploadQpl: () => ({}) })
  defineModule('WAWebMediaInMemoryBlobCache', { InMemoryMediaBlobCache: { put: () => {} } })
  defineModule('WAWebMediaGatingUtils', {
    // Bytes: the default of `default_*_limit_mb`. Documents have a limit of their own (WAWebServerPropConstants).
    getUploadLimit: (_type: string) => 16 * 2 ** 20,
    ...albumGate(),
  })
  defineAlbumModules()
  defineModule('WAWebDownloadManager', { downloadManager: { downloadAndMaybeDecrypt } })
  defineModule(
    'WAWebStatusGatingUtils',
    boot.build.reportsStatus ? {} : { canCheckStatusRankingPosterGating: () => false },
  )
}
