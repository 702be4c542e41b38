/** Reads the content of a message out of its model, by its type: a table of readers. Pure. */
import type { Content, MediaSource } from '../../model/content.ts'
import { cleanText, cutText, isPreview } from '../../model/text.ts'
import { toUnixSeconds } from '../../model/times.ts'
import { readVcard } from '../../model/vcard.ts'
import type { RawMessage } from './raw.ts'

/** Types whose `body`, if set, is a preview image in base64 (WAWebMsgModel; wwebjs Message.js). */
const MEDIA = new Set(['image', 'video', 'gif', 'ptv', 'audio', 'ptt', 'document', 'sticker'])

/** The parts of lists that a sender can make long. */
const MAX_PARTS = 300
/** Characters of texts beside the text of the message. */
const MAX_TEXT = 4_096

type Fields = Readonly<Record<string, unknown>>
type Reader = (raw: Fields) => Content

/** The readers of types that have more than text. Field names: WAWebMsgModel (wa-js MsgModel.ts), wwebjs Message.js. */
const READERS: Record<string, Reader> = {
  location: readLocation,
  vcard: (raw) => ({ contacts: [readVcard(textOf(raw.body) ?? '', textOf(raw.vcardFormattedName))] }),
  multi_vcard: (raw) => ({
    contacts: entriesOf(raw.vcardList).map((one) =>
      readVcard(textOf(one.vcard) ?? '', textOf(one.displayName)),
    ),
  }),
  poll_creation: readPoll,
  poll_result_snapshot: readPoll,
  event_creation: readEvent,
  scheduled_event_creation: readEvent,
  sharable_event_invite: readEvent,
  call_log: (raw) => ({
    call: {
      video: raw.isVideoCall === true,
      ...some('outcome', textOf(raw.callOutcome)?.toLowerCase()),
      ...some('duration_s', toPositive(raw.callDuration)),
      ...some('scheduled_at', timeOf(raw.scheduledTimestampMs ?? raw.callScheduledTime)),
    },
  }),
  groups_v4_invite: (raw) => ({
    invite: {
      ...some('to', addressOf(raw.inviteGrp)),
      ...some('name', textOf(raw.inviteGrpName)),
      ...some('code', textOf(raw.inviteCode)),
      ...some('expires_at', timeOf(raw.inviteCodeExp)),
    },
  }),
  newsletter_admin_invite: (raw) => readChannelInvite(fieldsOf(raw.newsletterAdminInviteInfo)),
  newsletter_follower_invite: (raw) => readChannelInvite(fieldsOf(raw.newsletterFollowerInviteInfo)),
  order: (raw) => ({
    order: {
      ...some('id', textOf(raw.orderId)),
      ...some('title', textOf(raw.orderTitle)),
      ...some('items', toPositive(raw.itemCount)),
      ...some('total', amountOf(raw.totalAmount1000)),
      ...some('currency', textOf(raw.totalCurrencyCode)),
    },
  }),
  product: (raw) => ({
    product: {
      ...some('id', textOf(raw.productId)),
      ...some('title', textOf(raw.title)),
      ...some('description', textOf(raw.description)),
      ...some('price', amountOf(raw.salePriceAmount1000) ?? amountOf(raw.priceAmount1000)),
      ...some('currency', textOf(raw.currencyCode)),
      ...some('url', textOf(raw.url)),
    },
  }),
  payment: (raw) => ({
    payment: {
      ...some('amount', amountOf(raw.paymentAmount1000)),
      ...some('currency', textOf(raw.paymentCurrency)),
      ...some('note', textOf(fieldsOf(raw.paymentNoteMsg).body) ?? textOf(raw.paymentNoteMsg)),
      ...some('status', textOf(raw.paymentStatus)),
    },
  }),
  album: (raw) => ({
    album: {
      ...some('photos', toPositive(raw.expectedImageCount)),
      ...some('videos', toPositive(raw.expectedVideoCount)),
    },
  }),
  list: (raw) => {
    const list = fieldsOf(raw.list)
    const rows = entriesOf(list.sections).flatMap((section) => entriesOf(section.rows))
    return choicesOf(list.title ?? raw.title, list.footerText ?? raw.footer, rows)
  },
  interactive: readInteractive,
  native_flow: readInteractive,
  hsm: readButtons,
  chat: (raw) => (raw.isFromTemplate || raw.isDynamicReplyButtonsMsg ? readButtons(raw) : {}),
}

/** Returns what a message has beside its text. `isNotice`: WhatsApp Web shows it between the messages. */
export function contentOf(raw: RawMessage, isNotice: boolean): Content {
  const type = raw.type ?? ''
  if (type === 'revoked') return {}
  const read = Object.hasOwn(READERS, type) ? READERS[type] : undefined
  const parent = bareIdOf(raw.parentMsgKey)
  return {
    ...(raw.directPath || MEDIA.has(type) ? { media: mediaOf(raw) } : {}),
    ...(read ? read(raw) : {}),
    ...(isNotice && type !== 'call_log' ? readNotice(raw) : {}),
    ...(raw.isViewOnce === true ? { view_once: true as const } : {}),
    ...(parent !== undefined && /ALBUM/i.test(String(raw.associationType)) ? { album: { parent } } : {}),
  }
}

/**
 * Returns the text of a message: its own, the caption of media, the question of a poll; never a preview in base64, and never the
 * name of an event, a place or a card, which are content.
 */
export function bodyOf(raw: Partial<RawMessage>): string {
  const { type = '' } = raw
  if (type === 'revoked' || type === 'vcard' || type === 'multi_vcard') return ''
  if (raw.directPath || MEDIA.has(type)) return cleanText(captionOf(raw))
  const body = cleanText(raw.body ?? '')
  if (body !== '' && (type === 'chat' || !isPreview(body))) return body
  // Places, invitations and orders have the text under them elsewhere.
  const others = [
    raw.caption,
    raw.pollName,
    raw.comment,
    raw.message,
    fieldsOf(raw.newsletterAdminInviteInfo).inviteMessage,
  ]
  return cleanText(others.find((text): text is string => typeof text === 'string' && text !== '') ?? '')
}

/** A document without a caption has its file name as one. `isCaptionByUser` is then false, but some copies lack it. */
const captionOf = ({ type, caption = '', filename, isCaptionByUser }: Partial<RawMessage>): string =>
  type === 'document' && caption === filename && isCaptionByUser !== true ? '' : caption

/** Returns what a download of the media requires; null if there is none. */
export function sourceOf(raw: RawMessage): MediaSource | null {
  const { directPath, type } = raw
  if (typeof directPath !== 'string' || directPath === '' || type === undefined || type === 'revoked')
    return null
  return {
    type,
    directPath,
    mediaKey: textOf(raw.mediaKey) ?? null,
    mediaKeyTimestamp: toUnixSeconds(raw.mediaKeyTimestamp, null),
    encFilehash: textOf(raw.encFilehash) ?? null,
    filehash: textOf(raw.filehash) ?? null,
    mimetype: textOf(raw.mimetype) ?? null,
    sizeBytes: toPositiveWhole(raw.size) ?? null,
  }
}

/** A JPEG in base64. */
const JPEG = /^\/9j\/[A-Za-z0-9+/]{36,}={0,2}$/
/** 64 KiB in base64. */
const MAX_PREVIEW_CHARACTERS = 87_384

/** Returns the preview of the media; nothing if this copy does not include one. */
export function previewOf(raw: RawMessage): { preview?: Uint8Array } {
  const { directPath, body } = raw
  return directPath && typeof body === 'string' && body.length <= MAX_PREVIEW_CHARACTERS && JPEG.test(body)
    ? { preview: Buffer.from(body, 'base64') }
    : {}
}

function mediaOf(raw: RawMessage): NonNullable<Content['media']> {
  const hash = typeof raw.filehash === 'string' ? Buffer.from(raw.filehash, 'base64') : null
  return {
    ...(raw.mimetype ? { mimetype: cleanText(raw.mimetype) } : {}),
    ...(raw.filename ? { filename: cleanText(raw.filename) } : {}),
    ...some('size_bytes', toPositiveWhole(raw.size)),
    ...some('duration_s', toPositive(raw.duration)),
    ...some('width', toPositiveWhole(raw.width)),
    ...some('height', toPositiveWhole(raw.height)),
    ...(hash?.length === 32 ? { sha256: hash.toString('hex') } : {}),
  }
}

/** `loc`: name and address, each a line. */
function readLocation(raw: Fields): Content {
  const [latitude, longitude] = [raw.lat, raw.lng].map((part) =>
    typeof part === 'number' ? part : Number.NaN,
  )
  if (!(Math.abs(latitude ?? Number.NaN) <= 90 && Math.abs(longitude ?? Number.NaN) <= 180)) return {}
  const [name, ...rest] = (textOf(raw.loc) ?? '').split('\n')
  return {
    location: {
      latitude: Number(latitude),
      longitude: Number(longitude),
      ...some('name', name || undefined),
      ...some('address', rest.join(', ') || undefined),
      ...(raw.isLive === true ? { live: true as const } : {}),
    },
  }
}

function readPoll(raw: Fields): Content {
  const options = entriesOf(raw.pollOptions ?? raw.pollVotesSnapshot)
  return {
    poll: {
      question: textOf(raw.pollName) ?? '',
      // WhatsApp Web's number of choices; 0: any.
      multiple: raw.pollSelectableOptionsCount !== 1,
      options: options.map((one) => ({
        name: textOf(one.name) ?? '',
        ...some('votes', toPositiveWhole(one.optionVoteCount)),
      })),
    },
  }
}

function readEvent(raw: Fields): Content {
  const place = fieldsOf(raw.eventLocation)
  return {
    event: {
      name: textOf(raw.eventName) ?? '',
      ...some('description', textOf(raw.eventDescription)),
      ...some('starts_at', timeOf(raw.eventStartTime)),
      ...some('ends_at', timeOf(raw.eventEndTime)),
      ...some('place', textOf(place.name) ?? textOf(place.address) ?? textOf(raw.eventLocation)),
      ...some('join_link', textOf(raw.eventJoinLink)),
      ...(raw.isEventCanceled === true ? { cancelled: true as const } : {}),
    },
  }
}

function readChannelInvite(info: Fields): Content {
  return {
    invite: {
      ...some('to', addressOf(info.newsletterId ?? info.newsletterJid)),
      ...some('name', textOf(info.newsletterName)),
      ...some('expires_at', timeOf(info.inviteExpiration)),
    },
  }
}

/** Buttons under a text (templates, replies). */
function readButtons(raw: Fields): Content {
  const buttons = [raw.hydratedButtons, raw.dynamicReplyButtons, raw.replyButtons, raw.buttons]
  return choicesOf(raw.title, raw.footer, entriesOf(buttons.find((list) => entriesOf(list).length > 0)))
}

function readInteractive(raw: Fields): Content {
  const payload = fieldsOf(raw.interactivePayload)
  const header = fieldsOf(raw.interactiveHeader)
  const buttons = entriesOf(payload.buttons ?? raw.nativeFlowButtons).map((one) => ({
    ...one,
    ...parsed(one.buttonParamsJson),
  }))
  return choicesOf(header.title ?? raw.title, raw.footer, buttons)
}

function choicesOf(title: unknown, footer: unknown, rows: readonly Fields[]): Content {
  const options = rows.flatMap((one) => labelOf(one) ?? [])
  const words = { ...some('title', textOf(title)), ...some('footer', textOf(footer)) }
  return options.length + Object.keys(words).length === 0 ? {} : { choices: { ...words, options } }
}

/** The text of a button or row, which each kind keeps elsewhere. */
function labelOf(one: Fields): string | undefined {
  const inner = [
    one,
    ...['quickReplyButton', 'urlButton', 'callButton', 'buttonText'].map((name) => fieldsOf(one[name])),
  ]
  return inner
    .flatMap((part) => [part.displayText, part.display_text, part.title, part.name, part.buttonText])
    .map(textOf)
    .find((text) => text !== undefined)
}

function parsed(json: unknown): Fields {
  try {
    return fieldsOf(JSON.parse(String(json)))
  } catch {
    return {}
  }
}

/** `templateParams` has what was written, such as the new subject, beside addresses. */
function readNotice(raw: RawMessage): Content {
  const params = Array.isArray(raw.templateParams) ? raw.templateParams : []
  const said = [raw.body, ...params]
    .map(textOf)
    .find((text) => text !== undefined && !isPreview(text) && !/@[a-z.]+$/.test(text))
  return { notice: { action: textOf(raw.subtype) ?? raw.type ?? '', ...some('text', said) } }
}

/** The addresses of the people that a notice is about. */
export function peopleOf(raw: RawMessage): string[] {
  const { subtype, templateParams, recipients } = raw
  const isForOthers = subtype === 'created_membership_requests' && Array.isArray(templateParams)
  // The first one is the member who asks for the others (WAWebGroupSystemMsg).
  const others = isForOthers ? templateParams.slice(1) : []
  const people = others.length > 0 ? others : recipients
  if (!Array.isArray(people)) return []
  return people.slice(0, MAX_PARTS).flatMap((one: unknown) => addressOf(one) ?? [])
}

/** `{[name]: value}` if there is a value. */
function some<Name extends string, Value>(name: Name, value: Value | undefined): { [Key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [Key in Name]?: Value })
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? cutText(cleanText(value), MAX_TEXT) : undefined
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

/** Lists of models may arrive as lists of their fields. */
function entriesOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.slice(0, MAX_PARTS).map(fieldsOf) : []
}

function addressOf(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value : fieldsOf(value)._serialized
  return typeof text === 'string' && text.includes('@') ? cleanText(text) : undefined
}

function bareIdOf(key: unknown): string | undefined {
  return typeof key === 'string' ? key.split('_')[2] : textOf(fieldsOf(key).id)
}

/** Returns units of the currency; WhatsApp Web has thousandths of them. */
function amountOf(value: unknown): number | undefined {
  const amount = toPositive(value)
  return amount === undefined ? undefined : amount / 1_000
}

function timeOf(value: unknown): string | undefined {
  const seconds = toUnixSeconds(value, null)
  return seconds === null ? undefined : new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z')
}

/** Some numbers are strings on some builds (`duration`). */
function toPositive(value: unknown): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined
  const number = Number(value)
  return Number.isFinite(number) && number > 0 ? number : undefined
}

/** The sender of a message chooses its numbers: one that is not exact in JSON is left out. */
function toPositiveWhole(value: unknown): number | undefined {
  const whole = Math.round(toPositive(value) ?? 0)
  return Number.isSafeInteger(whole) && whole > 0 ? whole : undefined
}
