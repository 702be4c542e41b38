/** The modules that prepare, upload and download media, and those of groups that load on demand on some builds. */
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
import { boot, connection } from '../page.ts'
import { defineModule } from '../registry.ts'
import { Wid } from '../wid.ts'

/** One object since August 2026 (wa-js#3595); before, `(wid, text, newId, previousId)`. */
async function setGroupDescription(...given: unknown[]): Promise<void> {
  const [first, text] = given
  const isObject = typeof first === 'object' && first !== null && 'groupWid' in first
  if (boot.build.takesObjects !== isObject)
    throw new TypeError("Cannot read properties of undefined (reading 'toJid')")
  const group = isObject ? first.groupWid : first
  const description = isObject ? Reflect.get(first, 'desc') : text
  if (!(group instanceof Wid)) throw new TypeError('setGroupDescription: not a wid')
  await connection().ask('describe_group', { group: String(group), description: String(description ?? '') })
}

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
    // Bytes (`default_*_limit_mb`); documents have a limit of their own.
    getUploadLimit: (type: string) => (type === 'document' ? 2048 : 64) * 2 ** 20,
  })
  defineModule('WAWebDownloadManager', { downloadManager: { downloadAndMaybeDecrypt } })
  defineModule('WAWebGroupModifyInfoJob', { setGroupDescription })
  defineModule('WAWebMexFetchGroupInviteCodeJob', {
    fetchMexGroupInviteCode: async (group: string) => ({
      code: await connection().ask('invite_code', { group }),
    }),
  })
  defineModule(
    'WAWebStatusGatingUtils',
    boot.build.reportsStatus ? {} : { canCheckStatusRankingPosterGating: () => false },
  )
  defineModule('WAWebSendStatusMsgAction', {
    async sendStatusTextMsgAction() {
      await connection().ask('presence', { chat: null, state: 'status' })
      return boot.build.reportsStatus ? { messageSendResult: 'OK' } : undefined
    },
  })
}
