/** Creates new messages of every type. */
import type { MessageParts, NewContent, WorldMessage } from '../world-types.ts'
import type { Account } from './accounts.ts'
import { demandPerson } from './addresses.ts'
import type { Context } from './context.ts'
import { isMediaType, makeMedia } from './media.ts'
import { addMessage, setAck } from './messages.ts'
import { makePhoneMessageId } from './seed.ts'

/** Where the message is written; already checked. `author`: a phone number, or a channel's JID. */
export type Place = { chat: string; author: string; t?: number | undefined; quote?: string | undefined }

/**
 * Creates a message from `content`; the account's own gets ack 2. Throws for fields that do not match its
 * type.
 */
export function post(
  context: Context,
  account: Account,
  { chat, author, t, quote }: Place,
  content: NewContent,
): WorldMessage {
  const fromMe = author === account.info.phone
  const message = addMessage(context, account, {
    id: makePhoneMessageId(context.random),
    chat,
    from: author.includes('@') ? author : `${author}@c.us`,
    fromMe,
    origin: fromMe ? 'phone' : 'contact',
    ...toParts(context, account, content),
    t: t ?? context.clock.now(),
    ack: 1,
    ...(quote === undefined ? {} : { quoted: quote }),
  })
  if (fromMe && content.type !== 'e2e_notification') {
    void context.clock.wait('delivery').then(() => setAck(context, account, message.id, 2))
  }
  return message
}

function toParts(
  context: Context,
  account: Account,
  content: NewContent,
): Pick<WorldMessage, 'type' | 'body'> & MessageParts {
  const { type, mentions = [], forwarded, viewOnce } = content
  const extra = {
    ...(mentions.length === 0 ? {} : { mentions: mentions.map((address) => jidOf(account, address)) }),
    ...(forwarded === undefined ? {} : { forwarded: Math.min(127, forwarded) }),
    ...(viewOnce ? { viewOnce: true as const } : {}),
  }
  if (isMediaType(type)) {
    const caption = content.caption === undefined ? {} : { caption: content.caption }
    const { data, ...given } = content.media ?? {}
    const media = makeMedia(context.random, type, given)
    const bytes = data === undefined ? null : Buffer.from(data, 'base64')
    const file = context.mediaHost.publish(type, bytes, media)
    return { type, body: '', media: { ...media, ...file }, ...caption, ...extra }
  }
  switch (type) {
    case 'chat':
      return { type, body: needed(content.text, 'text', type), ...extra }
    case 'location':
      return { type, body: '', location: needed(content.location, 'location', type), ...extra }
    case 'vcard': {
      const vcards = needed(content.vcards, 'vcards', type)
      const [only = ''] = vcards
      return vcards.length === 1
        ? { type, body: only, vcards, ...extra }
        : { type: 'multi_vcard', body: '', vcards, ...extra }
    }
    case 'poll_creation': {
      const { name, options, multiple = false } = needed(content.poll, 'poll', type)
      return { type, body: '', poll: { name, options, multiple }, ...extra }
    }
    case 'raw': {
      const model = needed(content.model, 'model', type)
      return { type: model.type, body: '', model }
    }
    case 'call_log': {
      const { video = false, missed = false, seconds = missed ? 0 : 60 } = content.call ?? {}
      return { type, body: '', call: { video, missed, seconds } }
    }
    default:
      return { type, body: '' }
  }
}

function needed<T>(value: T | undefined, name: string, type: string): T {
  if (value !== undefined) return value
  throw new Error(`A message of type ${type} needs the field ${name}.`)
}

const jidOf = (account: Account, address: string): string => `${demandPerson(account, address).phone}@c.us`
