/** The attributes that each type of message adds on the real page. */
import type { WireMessage } from '../wire.ts'
import type { WorldMedia, WorldNotice } from '../world-types.ts'
import { widOfPhone } from './keys.ts'
import type { MsgProps } from './msg-model.ts'
import { createWid, type Wid } from './wid.ts'

/** A picture in base64 that is no text: a map under a place, for example. */
const PREVIEW = previewOf(400)

/** The attributes of this type of content; `{}` for plain text. */
export function toContentProps(message: WireMessage, lidMode: boolean): Partial<MsgProps> {
  const { media, location, vcards, poll, call, notice, mentions, forwarded, viewOnce } = message
  const widOf = (jid: string): Wid => widOfPhone(jid.replace(/@.*$/, ''), lidMode)
  return {
    ...(message.caption === undefined ? {} : { caption: message.caption }),
    ...(media ? toMediaProps(message, media) : {}),
    ...(location ? toLocationProps(location) : {}),
    ...(vcards ? toVcardProps(vcards) : {}),
    ...(poll
      ? {
          pollName: poll.name,
          pollOptions: poll.options.map((name, localId) => ({ name, localId })),
          pollSelectableOptionsCount: poll.multiple ? 0 : 1,
          messageSecret: new Uint8Array(32).fill(7),
        }
      : {}),
    ...(call
      ? {
          isVideoCall: call.video,
          callOutcome: call.missed ? 'Missed' : 'Connected',
          callDuration: call.seconds,
          callCreator: widOfPhone(message.from, lidMode),
        }
      : {}),
    ...(notice
      ? {
          subtype: notice.subtype,
          ...toNoticeProps(notice, widOf(message.from), widOf),
        }
      : {}),
    ...(message.type === 'e2e_notification' ? { subtype: 'encrypt', templateParams: [] } : {}),
    ...(mentions ? { mentionedJidList: mentions.map(widOf) } : {}),
    ...(forwarded === undefined ? {} : { isForwarded: true, forwardingScore: forwarded }),
    ...(viewOnce ? { isViewOnce: true } : {}),
    ...(message.model ? toModelProps(message.model, lidMode) : {}),
  }
}

/** Who is to join is named in other fields than those whom a notice is about otherwise (WAWebGroupSystemMsg). */
function toNoticeProps(
  { subtype, recipients }: WorldNotice,
  author: Wid,
  widOf: (jid: string) => Wid,
): Partial<MsgProps> {
  const people = recipients.map(widOf)
  return subtype === 'created_membership_requests'
    ? { recipients: [], templateParams: [author, ...people].map((wid) => wid.toJid()) }
    : { recipients: people, templateParams: [] }
}

/**
 * `body` of a picture, a video or a document is a thumbnail in base64, never its text. A document without a
 * caption has its file name as caption; `isCaptionByUser` distinguishes the two.
 */
function toMediaProps(message: WireMessage, media: WorldMedia): Partial<MsgProps> {
  const isDocument = message.type === 'document'
  return {
    body: media.thumbnail,
    ...(isDocument
      ? {
          caption: message.caption ?? media.filename,
          isCaptionByUser: message.caption !== undefined,
          pageCount: 1,
        }
      : {}),
    directPath: media.directPath,
    deprecatedMms3Url: `https://mmg.whatsapp.net${media.directPath}`,
    mimetype: media.mimetype,
    size: media.sizeBytes,
    filehash: media.filehash,
    encFilehash: media.encFilehash,
    mediaKey: media.mediaKey,
    mediaKeyTimestamp: message.t,
    isViewOnce: false,
    isGif: media.gif === true,
    ...(media.waveform === undefined ? {} : { waveform: new Uint8Array(media.waveform) }),
    ...(media.filename === undefined ? {} : { filename: media.filename }),
    // A string on the real page too.
    ...(media.seconds === undefined ? {} : { duration: String(media.seconds) }),
    ...(media.width === undefined ? {} : { width: media.width }),
    ...(media.height === undefined ? {} : { height: media.height }),
  }
}

function toLocationProps(location: NonNullable<WireMessage['location']>): Partial<MsgProps> {
  const { lat, lng, name, address } = location
  const loc = [name, address].filter((part) => part !== undefined).join('\n')
  return { body: PREVIEW, lat, lng, isLive: false, ...(loc === '' ? {} : { loc }) }
}

function toVcardProps(vcards: string[]): Partial<MsgProps> {
  const nameIn = (vcard: string): string => /^FN[^:]*:(.*)$/m.exec(vcard)?.[1]?.trim() ?? ''
  const [only = ''] = vcards
  return vcards.length === 1
    ? { vcardFormattedName: nameIn(only) }
    : { vcardList: vcards.map((vcard) => ({ displayName: nameIn(vcard), vcard })) }
}

function previewOf(characters: number): string {
  return `/9j/${'4AAQSkZJRgABAQAAAQABAAD'.repeat(characters / 20)}`.slice(0, characters)
}

/** See `RawModel`. */
function toModelProps(model: object, lidMode: boolean): Partial<MsgProps> {
  return Object.fromEntries(Object.entries(model).map(([name, value]) => [name, toValue(value, lidMode)]))
}

function toValue(value: unknown, lidMode: boolean): unknown {
  if (Array.isArray(value)) return value.map((one) => toValue(one, lidMode))
  if (typeof value !== 'object' || value === null) return value
  const { $wid, $bytes, $preview, $models } = value as { [name: string]: unknown }
  if (typeof $wid === 'string')
    return $wid.endsWith('@c.us') ? widOfPhone(phoneOf($wid), lidMode) : createWid($wid)
  if (typeof $bytes === 'number') return new Uint8Array($bytes).fill(7)
  if (typeof $preview === 'number') return previewOf($preview)
  if (Array.isArray($models)) return new Models($models)
  if ('remote' in value) return toKey(value, lidMode)
  return toModelProps(value, lidMode)
}

const phoneOf = (jid: string): string => jid.replace(/@.*$/, '')

/** Lists of models serialize themselves; JSON leaves out what else they have. */
class Models {
  readonly #list: unknown[]
  constructor(list: unknown[]) {
    this.#list = list
  }
  serialize(): unknown[] {
    return this.#list
  }
  toJSON(): unknown[] {
    return this.#list
  }
}

function toKey(value: object, lidMode: boolean): unknown {
  const { fromMe, remote, id } = value as { fromMe?: unknown; remote?: unknown; id?: unknown }
  return { fromMe: fromMe === true, remote: toValue(remote, lidMode), id: String(id) }
}
