/** The modules that prepare, upload and download media, and those of groups that load on demand on some builds. */
import type { WorldMedia } from '../../world-types.ts'
import { ChatModel } from '../models.ts'
import { MsgModel } from '../msg-model.ts'
import { boot, connection } from '../page.ts'
import { defineModule, refuse } from '../registry.ts'
import { addAndSendMsgToChat } from '../send.ts'
import { Wid } from '../wid.ts'

/** `WAWebMediaOpaqueData`: bytes that the page refers to. */
class OpaqueData {
  readonly blob: Blob
  readonly type: string

  static async createFromData(data: Blob, type: string): Promise<OpaqueData> {
    return new OpaqueData(data, type)
  }

  constructor(blob: Blob, type: string) {
    this.blob = blob
    this.type = type
  }

  url(): string {
    return 'blob:https://web.whatsapp.com/double'
  }

  autorelease(): void {}

  formData(): Blob {
    return this.blob
  }
}

/** What `prepRawMedia` prepares. Its own fields are enumerable, and clients spread them into the message. */
class MediaData {
  readonly type: string
  readonly mimetype: string
  readonly size: number
  readonly isGif = false
  readonly filehash: string
  mediaBlob: OpaqueData

  constructor(blob: OpaqueData, type: string, filehash: string) {
    this.type = type
    this.mimetype = blob.type
    this.size = blob.blob.size
    this.filehash = filehash
    this.mediaBlob = blob
    if (boot.build.mediaOwnsId) Object.assign(this, { __x_id: undefined })
  }

  set(changes: object): void {
    Object.assign(this, changes)
  }

  toJSON(): object {
    const { mediaBlob: _bytes, ...facts } = this
    return Object.fromEntries(Object.entries(facts).filter(([name]) => name !== '__x_id'))
  }
}

async function hashOf(blob: Blob): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer())
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
}

function typeOf(mimetype: string, { asDocument, isPtt }: { asDocument?: boolean; isPtt?: boolean }): string {
  if (asDocument) return 'document'
  if (isPtt) return 'ptt'
  const [kind = ''] = mimetype.split('/')
  return ['image', 'video', 'audio'].includes(kind) ? kind : 'document'
}

const objects = new Map<string, Record<string, unknown>>()

function getOrCreateMediaObject(filehash: string): Record<string, unknown> {
  const known = objects.get(filehash)
  if (known) return known
  const made: Record<string, unknown> = {
    filehash,
    contentInfo: { waveform: new Array(64).fill(50) },
    consolidate: (facts: object) => void Object.assign(made, facts),
  }
  objects.set(filehash, made)
  return made
}

async function uploadMedia({ mimetype, mediaType, mediaObject }: Record<string, unknown>): Promise<object> {
  const size = typeof mediaObject === 'object' && mediaObject !== null ? Reflect.get(mediaObject, 'size') : 0
  const media = await connection().ask('upload', {
    type: String(mediaType),
    mimetype: String(mimetype),
    sizeBytes: Number(size),
  })
  return { mediaEntry: toEntry(media) }
}

function toEntry(media: WorldMedia): object {
  return {
    mmsUrl: `https://mmg.whatsapp.net${media.directPath}`,
    deprecatedMms3Url: `https://mmg.whatsapp.net${media.directPath}`,
    directPath: media.directPath,
    mediaKey: media.mediaKey,
    mediaKeyTimestamp: Math.floor(Date.now() / 1000),
    encFilehash: media.encFilehash,
    uploadHash: media.encFilehash,
  }
}

/** `InvalidMediaFileType`: no Error, and of class `t` on the minified site (wwebjs#201908). */
class t {
  readonly name = 'InvalidMediaFileType'
}

/** Media have no bytes in this double: as many zeros. */
async function downloadAndMaybeDecrypt(options: { mimetype?: string }): Promise<ArrayBuffer> {
  if (boot.build.checksMimetype && options.mimetype === undefined) throw new t()
  return new ArrayBuffer(1_000)
}

async function forwardMessages({ chat, msgs }: { chat: unknown; msgs: unknown[] }): Promise<void> {
  for (const message of msgs) {
    if (!(message instanceof MsgModel) || !(chat instanceof ChatModel)) {
      refuse('forwardMessages was called with something that is no chat or no message')
      throw new TypeError('forwardMessages: not a model')
    }
    const { id: _id, ...attributes } = message.attributes
    await Promise.all(addAndSendMsgToChat(chat, { ...attributes, isForwarded: true }))
  }
}

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
    prepRawMedia: (blob: OpaqueData, options: object) => ({
      waitForPrep: async () => new MediaData(blob, typeOf(blob.type, options), await hashOf(blob.blob)),
    }),
  })
  defineModule('WAWebMediaStorage', { getOrCreateMediaObject })
  defineModule('WAWebMmsMediaTypes', {
    msgToMediaType: ({ type }: { type: string }) => type,
    castToV4: (type: string) => type,
  })
  defineModule('WAWebMediaDataUtils', { shouldUseMediaCache: () => false })
  defineModule('WAWebMediaMmsV4Upload', { uploadMedia })
  defineModule('WAWebDownloadManager', { downloadManager: { downloadAndMaybeDecrypt } })
  defineModule('WAWebChatForwardMessage', { forwardMessages })
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
