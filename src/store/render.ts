/** Converts rows of the archive to the form of the API: ids, names and shapes as documented. */
import type { Chat, ChatKind, Gap } from '../model/chat.ts'
import type { Contact } from '../model/contact.ts'
import type { Content, Poll } from '../model/content.ts'
import type { History } from '../model/history.ts'
import { type Jid, phoneOf } from '../model/ids.ts'
import type { Message, Revision } from '../model/message.ts'
import { summaryOf } from '../model/summary.ts'
import { isEmoji, isVisible } from '../model/text.ts'
import type { ReactionRow, RevisionRow, VoteRow } from './changes.ts'
import type { ChatRow } from './chats.ts'
import type { MediaView } from './media-files.ts'
import { type MessageDetails, type MessageRow, STANDINGS } from './message-row.ts'
import { ME, NOBODY, type PersonRow } from './people.ts'
import { timeOf } from './position.ts'
import { msToIso, toIso } from './times.ts'

/** This account's own addresses. */
export type Own = { jid: Jid; lid: Jid | null }

/** The data that a chat's id, name and message keys require. */
export type ChatFace = Pick<ChatRow, 'id' | 'kind' | 'jid' | 'name'> & {
  /** Of its person, in a direct chat. */
  phone: Jid | null
  lid: Jid | null
  person_name: string | null
  pushname: string | null
}

/** The columns that a chat in the API requires. */
export type ChatView = ChatFace &
  Omit<ChatRow, keyof ChatFace | 'caught_up_to' | 'history_tries' | 'history_from' | 'phone_asked_at'>

/** The data that a message in the API requires, loaded for a whole page at once. */
export type Surroundings = {
  own: Own
  people: ReadonlyMap<number, PersonRow>
  reactions: ReadonlyMap<number, readonly ReactionRow[]>
  votes: ReadonlyMap<number, readonly VoteRow[]>
  /** Where the media of messages is, as far as it is known. */
  mediaStates: ReadonlyMap<number, MediaView>
  /** True if the owner does not know this sender, and for {@link NOBODY}. */
  isStranger(sender: number): boolean
  /** True if the quoted message is one of a chat that the reader does not see. */
  isHidden(quoted: NonNullable<MessageDetails['quoted']>): boolean
  /** The key of the quoted message; null if it is not known. */
  quotedKey(quoted: NonNullable<MessageDetails['quoted']>): string | null
}

/** A person's JID: by phone number if known, else by LID; null if the person has no address. */
export function personJid(person: Pick<PersonRow, 'phone' | 'lid'>): Jid | null {
  return person.phone ?? person.lid
}

/**
 * Never empty: the address book's name, the person's own name, `+number`. The digits of a LID are labelled as
 * a LID.
 */
export function personName(person: Pick<PersonRow, 'phone' | 'lid' | 'name' | 'pushname'>): string {
  const given = [person.name, person.pushname].find((name) => name !== null && isVisible(name))
  if (given) return given
  const phone = person.phone === null ? null : phoneOf(person.phone)
  if (phone !== null) return `+${phone}`
  // An address at an unknown server has no number.
  if (person.phone !== null) return person.phone
  const digits = person.lid?.split('@')[0] ?? ''
  return digits === '' ? 'Unknown' : `Unknown (LID …${digits.slice(-4)})`
}

/** The JID of the sender with this id; null if nothing is known. */
export function jidOf(sender: number, { own, people }: Pick<Surroundings, 'own' | 'people'>): Jid | null {
  if (sender === ME) return own.jid
  const person = people.get(sender)
  return person === undefined ? null : personJid(person)
}

/** A chat's id; for a direct chat, its person's JID. */
export function chatId(chat: ChatFace): string {
  return chat.jid ?? personJid(chat) ?? `${chat.id}@unknown`
}

/** True for the chat with oneself. */
export function isOwnChat(chat: ChatFace, own: Own): boolean {
  if (chat.kind !== 'direct') return false
  return chat.phone === own.jid || (chat.lid !== null && (chat.lid === own.lid || chat.lid === own.jid))
}

/** Never empty. WhatsApp itself shows the chat with oneself as "name (You)". */
export function chatName(chat: ChatFace, own: Own): string {
  if (chat.kind === 'direct') {
    const name = personName({ ...chat, name: chat.person_name })
    return isOwnChat(chat, own) ? `${name} (You)` : name
  }
  if (chat.name !== null && isVisible(chat.name)) return chat.name
  return chat.kind === 'status' ? 'Status' : chatId(chat)
}

/** True if messages of this kind of chat have an author other than the chat. */
export function hasAuthors(kind: ChatKind): boolean {
  return kind === 'group' || kind === 'status'
}

/**
 * The documented key: `<from_me>_<chat>_<bare id>`, then the author in groups and status, `out` in the chat
 * with oneself.
 * @param author of the message; null if it is not known
 */
export function toKey(chat: ChatFace, bareId: string, sender: number, author: Jid | null, own: Own): string {
  const rest = isOwnChat(chat, own) ? 'out' : hasAuthors(chat.kind) ? author : null
  return [sender === ME, chatId(chat), bareId, ...(rest === null ? [] : [rest])].join('_')
}

/** Optional fields of a message; an empty object for most messages. */
export function detailsOf(row: Pick<MessageRow, 'details'>): MessageDetails {
  return row.details === null ? {} : withoutOddNumbers(JSON.parse(row.details))
}

/** Earlier versions stored fractions and numbers of any size, as the sender of the message chose them. */
function withoutOddNumbers(details: MessageDetails): MessageDetails {
  const isOdd = (value: number | undefined) => value !== undefined && !Number.isSafeInteger(value)
  const { media, poll } = details
  for (const name of ['size_bytes', 'width', 'height'] as const)
    if (isOdd(media?.[name])) delete media?.[name]
  for (const option of poll?.options ?? []) if (isOdd(option.votes)) delete option.votes
  return details
}

/** A message: the documented fields, and those of our own fields that have a value. */
export function toMessage(row: MessageRow, chat: ChatFace, around: Surroundings): Message {
  const { own } = around
  const fromMe = row.sender === ME
  const id = chatId(chat)
  const author = hasAuthors(chat.kind) ? jidOf(row.sender, around) : null
  const { quoted, mentions = [], forwarded, expires_at, starred, pinned_until, ...content } = detailsOf(row)
  const named = mentions.map((one) => jidOf(one, around)).filter((jid) => jid !== null)
  const reactions = around.reactions.get(row.id) ?? []
  const name = fromMe ? null : senderName(row, chat, around)
  return {
    id: toKey(chat, row.bare_id, row.sender, author, own),
    from: fromMe ? own.jid : id,
    to: fromMe ? id : own.jid,
    author,
    from_me: fromMe,
    type: row.type,
    body: row.body,
    timestamp: timeOf(row.id),
    has_media: row.has_media === 1,
    ...(name === null ? {} : { sender_name: name }),
    ...(around.isStranger(row.sender) ? { untrusted: true as const } : {}),
    ...(fromMe ? { ack: row.ack } : {}),
    ...toContent(row, content, named, around),
    ...(quoted === undefined
      ? {}
      : {
          reply_to: around.isHidden(quoted)
            ? { id: null, author: null, body: '' }
            : {
                id: around.quotedKey(quoted),
                author: quoted.sender === null ? null : jidOf(quoted.sender, around),
                body: quoted.body,
                // Both are as the sender of the reply wrote them: a stranger can quote the owner with any words.
                ...(around.isStranger(row.sender) || around.isStranger(quoted.sender ?? NOBODY)
                  ? { untrusted: true as const }
                  : {}),
              },
        }),
    ...(named.length === 0 || content.notice ? {} : { mentions: named }),
    ...(forwarded === 1 ? { forwarded: true as const } : {}),
    ...(row.edited_at_ms === null ? {} : { edited_at: msToIso(row.edited_at_ms) }),
    ...(row.revoked_at_ms === null ? {} : { revoked_at: msToIso(row.revoked_at_ms) }),
    ...(expires_at === undefined ? {} : { expires_at: toIso(expires_at) }),
    ...(starred === 1 ? { starred: true as const } : {}),
    ...(pinned_until === undefined ? {} : { pinned_until: toIso(pinned_until) }),
    ...(reactions.length === 0 ? {} : { reactions: reactions.map((one) => toReaction(one, around)) }),
  }
}

/** The fields of content, and the summary. `people`: those that a notice is about. */
function toContent(row: MessageRow, content: Content, people: Jid[], around: Surroundings): Partial<Message> {
  const { media, location, contacts, poll, event, call, notice, view_once, album, transcript, text } = content
  const { type, body, standing } = row
  const names = notice ? detailsOf(row).mentions?.flatMap((id) => nameIn(id, around) ?? []) : []
  const summary = summaryOf({ type, body, content, people: names ?? [] })
  return {
    ...(summary === null ? {} : { summary }),
    ...(media === undefined || Object.keys(media).length === 0
      ? {}
      : {
          media: {
            ...media,
            ...(album?.parent === undefined ? {} : { album: album.parent }),
            state: 'at_whatsapp' as const,
            ...around.mediaStates.get(row.id),
          },
        }),
    ...(location && { location }),
    ...(contacts && { contacts }),
    ...(poll && { poll: toResults(poll, around.votes.get(row.id) ?? [], around) }),
    ...(event && { event }),
    ...(call && { call }),
    ...(notice && { notice: { ...notice, ...(people.length === 0 ? {} : { people }) } }),
    ...(view_once && { view_once }),
    ...(transcript === undefined ? {} : { transcript }),
    ...(text === undefined ? {} : { text }),
    ...(STANDINGS[standing] === 'unknown' ? { unknown: true as const } : {}),
  }
}

function nameIn(id: number, { people }: Surroundings): string | null {
  const person = people.get(id)
  return person === undefined ? null : personName(person)
}

function senderName(row: MessageRow, chat: ChatFace, { own, people }: Surroundings): string | null {
  const person = people.get(row.sender)
  if (person !== undefined) return personName(person)
  return chat.kind === 'channel' ? chatName(chat, own) : null
}

function toReaction(row: ReactionRow, around: Surroundings): NonNullable<Message['reactions']>[number] {
  return {
    emoji: row.emoji,
    from: jidOf(row.sender, around) ?? '',
    from_me: row.sender === ME,
    at: msToIso(row.at_ms),
    // WhatsApp lets a modified app react with any text. One emoji says nothing.
    ...(!isEmoji(row.emoji) && around.isStranger(row.sender) ? { untrusted: true as const } : {}),
  }
}

/** A poll with its votes. One for an option that the poll does not have, or that could not be read, is counted apart. */
function toResults(
  poll: NonNullable<Content['poll']>,
  votes: readonly VoteRow[],
  around: Surroundings,
): Poll {
  const names = new Set(poll.options.map(({ name }) => name))
  const choices = votes.map(({ voter, choice }) => {
    const chosen: string[] | null = choice === null ? null : JSON.parse(choice)
    return { voter: jidOf(voter, around), chosen: chosen?.every((name) => names.has(name)) ? chosen : null }
  })
  const unreadable = choices.filter(({ chosen }) => chosen === null).length
  return {
    ...poll,
    options: poll.options.map(({ name, votes: reported = 0 }) => {
      const chose = choices.filter(({ chosen }) => chosen?.includes(name))
      const voters = chose.map(({ voter }) => voter).filter((jid) => jid !== null)
      // A snapshot of a result has numbers and no votes.
      const count = votes.length === 0 ? reported : chose.length
      return { name, votes: count, ...(voters.length === 0 ? {} : { voters }) }
    }),
    ...(unreadable === 0 ? {} : { unreadable_votes: unreadable }),
  }
}

/** A chat with its last message. `now`: Unix seconds. */
export function toChat(row: ChatView, last: Message | null, own: Own, now: number): Chat {
  return {
    id: chatId(row),
    name: chatName(row, own),
    is_group: row.kind === 'group',
    is_read_only: row.is_read_only === 1,
    unread_count: Math.max(0, row.unread_count),
    timestamp: row.timestamp,
    archived: row.archived === 1,
    pinned: row.pinned_at > 0,
    muted: isMuted(row, now),
    last_message: last,
    kind: row.kind,
    ...(row.unread_count < 0 ? { marked_unread: true as const } : {}),
  }
}

function isMuted({ muted_until }: Pick<ChatRow, 'muted_until'>, now: number): boolean {
  return muted_until === -1 || muted_until > now
}

/** A person; null if the row no longer has an address. */
export function toContact(person: PersonRow): Contact | null {
  const id = personJid(person)
  if (id === null) return null
  return {
    id,
    phone_number: person.phone === null ? null : phoneOf(person.phone),
    lid: person.lid,
    name: personName(person),
    address_book_name: person.name,
    pushname: person.pushname,
    in_address_book: person.in_address_book === 1,
    is_business: person.is_business === 1,
    is_blocked: person.is_blocked === 1,
  }
}

/** How much of the chat's history the archive has. */
export function toHistory({ history, history_reason, history_next_at }: ChatView): History {
  return {
    state: history,
    ...(history_reason === null ? {} : { reason: history_reason }),
    ...(history_next_at === null ? {} : { next_try_at: toIso(history_next_at) }),
  }
}

/** An earlier text of a message. */
export function toRevision({ what, type, body, until_at_ms }: RevisionRow): Revision {
  return { what, type, body, until_at: msToIso(until_at_ms) }
}

/** A gap between the messages of these keys. */
export function toGap(row: { found_at_ms: number }, after: string | null, before: string | null): Gap {
  return { after, before, found_at: msToIso(row.found_at_ms) }
}
