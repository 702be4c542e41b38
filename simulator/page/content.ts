/** The attributes that each type of message adds on the real page. */
import type { WireMessage } from '../wire.ts'
import type { WorldMedia } from '../world-types.ts'
import { widOfPhone } from './keys.ts'
import type { MsgProps } from './msg-model.ts'
import type { Wid } from './wid.ts'

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
          recipients: notice.recipients.map(widOf),
          templateParams: [],
        }
      : {}),
    ...(message.type === 'e2e_notification' ? { subtype: 'encrypt', templateParams: [] } : {}),
    ...(mentions ? { mentionedJidList: mentions.map(widOf) } : {}),
    ...(forwarded === undefined ? {} : { isForwarded: true, forwardingScore: forwarded }),
    ...(viewOnce ? { isViewOnce: true } : {}),
  }
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
  return { lat, lng, isLive: false, ...(loc === '' ? {} : { loc }) }
}

function toVcardProps(vcards: string[]): Partial<MsgProps> {
  const nameIn = (vcard: string): string => /^FN[^:]*:(.*)$/m.exec(vcard)?.[1]?.trim() ?? ''
  const [only = ''] = vcards
  return vcards.length === 1
    ? { vcardFormattedName: nameIn(only) }
    : { vcardList: vcards.map((vcard) => ({ displayName: nameIn(vcard), vcard })) }
}
