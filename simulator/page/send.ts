/** `WAWebSendMsgChatAction.addAndSendMsgToChat`: sends a message from this page. */
import type { Requests, SentParts } from '../wire.ts'
import { ALBUM } from './albums.ts'
import { isOn } from './faults.ts'
import { MsgKeyOfBuild } from './keys.ts'
import { ChatModel } from './models.ts'
import type { MsgKey } from './msg-key.ts'
import { MsgModel, type MsgProps } from './msg-model.ts'
import { connection } from './page.ts'
import { alternateOf } from './people.ts'
import { refuse } from './registry.ts'
import { Msg } from './stores.ts'

type QuotedArgs = Requests['send']['args']['quoted']
type SentMedia = NonNullable<Requests['send']['args']['media']>
export type SendResult = { messageSendResult: string; t: number | null; count: number | null }

const WAIT_MS = 20

/** Types that this double sends. */
const sendable = new Set([
  ...['chat', 'image', 'video', 'audio', 'ptt', 'document', 'sticker'],
  ...['location', 'vcard', 'multi_vcard', 'poll_creation', 'album'],
])

/**
 * Returns two promises: the message is in the page (ack 0, `add` has fired), and the server has responded
 * (ack 1 or -1 is set before it resolves; it never rejects for a refused message). Without a response the
 * second never settles.
 */
export function addAndSendMsgToChat(
  chat: unknown,
  attributes: Partial<MsgProps>,
): [Promise<MsgModel>, Promise<SendResult>] {
  if (!(chat instanceof ChatModel)) {
    refuse('addAndSendMsgToChat was called with something that is no chat')
    throw new TypeError('addAndSendMsgToChat: chat is not a chat model')
  }
  const { type = '', id } = attributes
  if (!id) throw new TypeError('addAndSendMsgToChat: the message has no key')
  // The private field of the media's model hides the key (wwebjs#201921).
  if ('__x_id' in attributes) throw new Error('Data passed to getter must include an id property')
  if (!sendable.has(type)) {
    refuse(`sending a message of type ${type} is not built in this double`)
    throw new Error(`simulator: sending a message of type ${type} is not built in this double`)
  }
  if (isOn('send_rejects')) return [Promise.reject(new Error('send: storage is gone')), new Promise(() => {})]
  const added = add(chat, isOn('send_returns_undefined') ? { ...attributes, id: otherKey(id) } : attributes)
  const content = { ...toSent(attributes), id: id.id }
  const sent = added.then((model) => transmit(chat, model, content))
  return [added, sent]
}

/** The message in its wire form. Throws for one that lacks what a phone needs to show it. */
export function toSent(attributes: Partial<MsgProps>): Omit<Requests['send']['args'], 'chat' | 't'> {
  const { id, type = '', body = '' } = attributes
  const media = mediaIn(attributes)
  return {
    id: id?.id ?? '',
    type,
    body: media === undefined ? body : '',
    quoted: quotedIn(attributes),
    ...(media === undefined ? {} : { media }),
    parts: partsIn(attributes),
  }
}

/** The media in its wire form; throws for a message that names a file and lacks what opens it. In channels files are plain. */
function mediaIn(message: Partial<MsgProps>): SentMedia | undefined {
  const { directPath, filehash, size, type, mimetype, filename, caption, to } = message
  if (directPath === undefined) return undefined
  const { mediaKey, encFilehash } = to?.isNewsletter() ? { mediaKey: '', encFilehash: filehash } : message
  if (mediaKey === undefined || filehash === undefined || encFilehash === undefined || size === undefined)
    throw new TypeError(`addAndSendMsgToChat: the ${type} has no keys`)
  const { duration, width, height, waveform, isGif, isViewOnce, body } = message
  return {
    directPath,
    mediaKey,
    filehash,
    encFilehash,
    sizeBytes: size,
    mimetype: mimetype ?? 'application/octet-stream',
    ...(filename === undefined ? {} : { filename }),
    ...(caption === undefined ? {} : { caption }),
    ...(duration === undefined ? {} : { seconds: Number(duration) }),
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
    ...(waveform === undefined ? {} : { waveform: [...waveform] }),
    ...(isGif ? { gif: true as const } : {}),
    ...(isViewOnce ? { viewOnce: true as const } : {}),
    ...(body === undefined ? {} : { thumbnail: body }),
  }
}

/** What else the message carries, in its wire form. */
function partsIn(message: Partial<MsgProps>): SentParts {
  const { isForwarded, forwardingScore = 1, mentionedJidList = [], preview, title, matchedText } = message
  return {
    ...(isForwarded ? { forwarded: forwardingScore } : {}),
    ...(mentionedJidList.length > 0 ? { mentions: mentionedJidList.map(String) } : {}),
    ...(preview && title && matchedText ? { preview: { title, url: matchedText } } : {}),
    ...contentIn(message),
    ...inAlbum(message),
  }
}

/** The album that a picture or video says it belongs to; throws if it says so by halves. */
function inAlbum({ type, associationType, viewMode, parentMsgKey }: Partial<MsgProps>): SentParts {
  if (associationType === undefined && viewMode === undefined && parentMsgKey === undefined) return {}
  const isWhole = associationType === ALBUM.associationType && viewMode === ALBUM.viewMode && parentMsgKey
  if (!isWhole || !['image', 'video'].includes(type ?? ''))
    throw new TypeError(`${type}: no part of an album`)
  return { inAlbum: parentMsgKey.id }
}

/** Location, cards, poll and album; throws for one that lacks what a phone needs to show it. */
function contentIn({ type, body, ...message }: Partial<MsgProps>): SentParts {
  const { lat, lng, loc, vcardList, vcardFormattedName, pollName, pollOptions, messageSecret } = message
  switch (type) {
    case 'location': {
      if (!isWithin(lat, 90) || !isWithin(lng, 180)) throw new TypeError('location: not a place')
      const [name, address] = (loc ?? '').split('\n')
      return { location: { lat, lng, ...(name ? { name } : {}), ...(address ? { address } : {}) } }
    }
    case 'vcard':
      if (!vcardFormattedName || !isVcard(body)) throw new TypeError('vcard: not a card')
      return { vcards: [body] }
    case 'multi_vcard': {
      const cards = (vcardList ?? []).map(({ vcard }) => vcard)
      if (cards.length < 2 || !cards.every(isVcard)) throw new TypeError('multi_vcard: not cards')
      return { vcards: cards }
    }
    case 'album': {
      const { kind, expectedImageCount: photos = 0, expectedVideoCount: videos = 0 } = message
      if (kind !== ALBUM.kind || photos + videos < 2) throw new TypeError('album: not an album')
      return { album: { photos, videos } }
    }
    case 'poll_creation': {
      const options = (pollOptions ?? []).map(({ name }) => name)
      const isWhole = pollName && options.length > 1 && new Set(options).size === options.length
      if (!isWhole || messageSecret?.length !== 32) throw new TypeError('poll_creation: not a poll')
      return { poll: { name: pollName, options, multiple: message.pollSelectableOptionsCount === 0 } }
    }
    default:
      return {}
  }
}

const isWithin = (value: number | undefined, most: number): value is number =>
  typeof value === 'number' && Math.abs(value) <= most
const isVcard = (text: string | undefined): text is string =>
  text !== undefined && /^BEGIN:VCARD\r?\n[\s\S]*\nEND:VCARD\s*$/.test(text)

/** The quoted message in its wire form: requires both the copy and its name. */
function quotedIn({ quotedStanzaID, quotedParticipant, quotedMsg }: Partial<MsgProps>): QuotedArgs {
  if (!quotedStanzaID && !quotedMsg) return null
  if (!quotedStanzaID || !quotedParticipant || !quotedMsg) {
    refuse('a message quotes another one by halves')
    return null
  }
  return { id: quotedStanzaID, participant: String(quotedParticipant) }
}

/** Fault `send_returns_undefined`: the same message under the person's other address. */
function otherKey(id: MsgKey): MsgKey {
  const remote = alternateOf(id.remote)
  return remote ? new MsgKeyOfBuild({ fromMe: true, remote, id: id.id }) : id
}

async function add(chat: ChatModel, attributes: Partial<MsgProps>): Promise<MsgModel> {
  await Promise.resolve()
  while (isOn('send_waits')) await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
  const model = Msg.add(new MsgModel(attributes))
  chat.msgs.add(model)
  const { id, t } = model.attributes
  chat.set({ ...(t === undefined ? {} : { t }), ...(id ? { lastReceivedKey: id } : {}), unreadCount: 0 })
  return model
}

async function transmit(
  chat: ChatModel,
  model: MsgModel,
  content: ReturnType<typeof toSent>,
): Promise<SendResult> {
  const t = model.get('t') ?? 0
  const answer = await connection().ask('send', { ...content, chat: String(chat.get('id')), t })
  const current = model.get('ack') ?? 0
  model.set({ ack: answer.ack < 0 ? answer.ack : Math.max(answer.ack, current) })
  return { messageSendResult: answer.result, t: answer.t, count: null }
}
