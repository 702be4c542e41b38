/** The modules for reading: collections, ids, identities, history. */
import { Collection } from '../collection.ts'
import { fieldOf, isOn } from '../faults.ts'
import { MsgKeyOfBuild } from '../keys.ts'
import { Labels } from '../labels.ts'
import { ensureChat } from '../learn.ts'
import { Model } from '../model.ts'
import { ChatModel, type ContactModel } from '../models.ts'
import type { MsgModel } from '../msg-model.ts'
import { connection } from '../page.ts'
import { alternateOf, isMe, learnPeople, lidWidOf, personOf, phoneWidOf } from '../people.ts'
import { Reactions } from '../reactions.ts'
import { defineModule, refuse } from '../registry.ts'
import { Blocklist, Chat, Contact, GroupMetadata, Msg, NewsletterMetadata, Newsletters } from '../stores.ts'
import { toMsgModel } from '../to-models.ts'
import { asUserWidOrThrow, createWid, createWidFromWidLike, Wid } from '../wid.ts'
import { ProfilePicThumb } from './pictures.ts'
import { myStatus } from './status.ts'

/** The number of messages that one call loads. */
const loadedAtOnce = 30

/**
 * Takes one object since April 2026 (wwebjs#201706). Returns the loaded messages, oldest first, whatever their order among the
 * chat's messages in memory; at the end of the history `[]`, each time.
 */
async function loadEarlierMsgs(options: unknown): Promise<MsgModel[]> {
  if (typeof options !== 'object' || options === null || !('chat' in options)) {
    refuse('loadEarlierMsgs takes one object { chat, … }')
    throw new TypeError("Cannot read properties of undefined (reading 'msgs')")
  }
  const { chat } = options
  const isHere = chat instanceof ChatModel && (Chat.get(chat) === chat || Newsletters.get(chat) === chat)
  if (!isHere) throw new TypeError("Cannot read properties of undefined (reading 'msgs')")
  if (chat.msgs.msgLoadState.get('noEarlierMsgs')) return []
  const oldest = chat.msgs.loadedFrom()?.attributes
  const before = oldest?.id ? { id: oldest.id.id, t: oldest.t ?? 0 } : null
  const { messages: older, transfer } = await connection().ask('earlier', {
    chat: chat.key(),
    before,
    count: loadedAtOnce,
  })
  if (transfer !== null) chat.set({ endOfHistoryTransferType: transfer })
  // Less than was asked for, and the phone has no more either.
  if (older.length < loadedAtOnce && transfer === 1) chat.msgs.msgLoadState.set({ noEarlierMsgs: true })
  const models = older.map((message) => {
    const fresh = toMsgModel(message, false)
    return Msg.get(fresh.key()) ?? Msg.add(fresh)
  })
  chat.msgs.addLoaded(models)
  return models
}

/**
 * Returns the chat of this person or group, and creates it if it is missing. Rejects for an unknown group, and
 * for a person whose LID was never resolved (F21).
 */
async function findOrCreateLatestChat(
  id: unknown,
): Promise<{ chat: ChatModel; created: boolean } | undefined> {
  const wid = widOrThrow(id, 'equals')
  const known = Chat.get(wid) ?? (wid.isUser() ? Chat.get(alternateOf(wid)) : undefined)
  if (known) return { chat: known, created: false }
  if (isOn('no_chat')) {
    const text = fieldOf('no_chat', 'text')
    if (text === undefined) return undefined
    throw new Error(String(text))
  }
  if (wid.isStatus()) return { chat: ensureChat(String(wid)), created: true }
  if (wid.isGroup()) throw new Error(`findChat: new chat not found ${wid}`)
  if (!wid.isUser()) throw new Error(`findOrCreateLatestChat: not a chat: ${wid}`)
  const person = personOf(wid)
  if (!person || isLidLost(person.phone)) throw new Error('No LID for user')
  const address = person.lidChat ? lidWidOf(person) : phoneWidOf(person)
  return { chat: ensureChat(String(address)), created: true }
}

/** Fault `no_lid`, for all people or for some. */
function isLidLost(phone: string): boolean {
  if (!isOn('no_lid')) return false
  const phones = fieldOf('no_lid', 'phones')
  return Array.isArray(phones) ? phones.includes(phone) : true
}

/**
 * Returns null for a number that is not on WhatsApp. Stores the LID of the requested person. Returns the LID of a person
 * whom WhatsApp already addresses by LID, also if the request has the phone number.
 */
async function queryExists(jid: string): Promise<{ wid: Wid; biz: boolean } | null> {
  const person = await connection().ask('exists', { jid })
  if (!person) return null
  learnPeople([person])
  const byLid = person.lidChat || jid.endsWith('@lid')
  return { wid: byLid ? lidWidOf(person) : phoneWidOf(person), biz: false }
}

async function queryWidExists(wid: unknown): Promise<{ wid: Wid; biz: boolean } | null> {
  return queryExists(String(widOrThrow(wid, 'isLid')))
}

/** Takes `+<digits>`. */
async function queryPhoneExists(phone: unknown): Promise<{ wid: Wid; biz: boolean } | null> {
  if (typeof phone !== 'string') throw new TypeError('queryPhoneExists: a phone number is needed')
  return queryExists(phone)
}

/** Rejects strings, even in the form of a wid: they lack the `method` that the real page calls first. */
function widOrThrow(wid: unknown, method: string): Wid {
  if (wid instanceof Wid) return wid
  refuse(`a lookup was called with something that is no wid: ${String(wid)}`)
  throw new TypeError(`e.${method} is not a function`)
}

function findLinks(text: unknown): { href: string; suspiciousCharacters: Set<string> }[] {
  if (typeof text !== 'string') return []
  const found = text.match(/\bhttps?:\/\/[^\s<>]+|\bwww\.[^\s<>]+/gi) ?? []
  return found.map((link) => ({
    href: link.startsWith('www.') ? `http://${link}` : link,
    suspiciousCharacters: new Set(),
  }))
}

/** 3: `HISTORY_SYNC_ON_DEMAND`, as in the library's `syncHistory`. The phone answers later, or never. */
async function sendPeerDataOperationRequest(type: unknown, options: { chatId?: unknown }): Promise<void> {
  if (type !== 3) return refuse(`sendPeerDataOperationRequest: ${String(type)} is not built`)
  const wid = widOrThrow(options.chatId, 'toJid')
  await connection().ask('ask_phone', { chat: String(wid) })
}

/** Defines the modules of this file. */
export function defineReadingModules(): void {
  defineModule('WAWebCollections', {
    Msg,
    Chat,
    Contact,
    GroupMetadata,
    Blocklist,
    Label: Labels,
    Status: Object.assign(new Collection(), myStatus),
    Reactions,
    BusinessProfile: Object.assign(new Collection(), { find: async () => new Model({}) }),
    ProfilePicThumb,
    WAWebNewsletterCollection: Newsletters,
    NewsletterMetadataCollection: NewsletterMetadata,
  })
  defineModule('WAWebMsgKey', MsgKeyOfBuild)
  defineModule('WAWebWid', Wid)
  defineModule('WAWebWidFactory', { createWid, createWidFromWidLike, asUserWidOrThrow })
  defineModule('WAWebFindChatAction', { findOrCreateLatestChat })
  defineModule('WAWebQueryExistsJob', { queryWidExists, queryPhoneExists })
  defineModule('WAWebChatLoadMessages', { loadEarlierMsgs })
  defineModule('WAWebSendNonMessageDataRequest', { sendPeerDataOperationRequest })
  defineModule('WALinkify', { findLinks, findLink: (text: unknown) => findLinks(text)[0] ?? null })
  defineModule('WAWebApiContact', {
    getCurrentLid: (wid: Wid) => (wid.isLid() ? wid : alternateOf(wid)),
    getPhoneNumber: (wid: Wid) => (wid.isLid() ? alternateOf(wid) : wid),
    getAlternateUserWid: (wid: Wid) => alternateOf(wid),
  })
  defineModule('WAWebLidMigrationUtils', {
    toPn: (wid: Wid) => (wid.isLid() ? alternateOf(wid) : wid),
    toLid: (wid: Wid) => (wid.isLid() ? wid : alternateOf(wid)),
    toUserLid: (wid: Wid) => (wid.isLid() ? wid : alternateOf(wid)),
  })
  defineModule('WAWebChatGetters', {
    getIsNewsletter: (chat: ChatModel) => chat.get('id')?.isNewsletter() === true,
    getIsBroadcast: (chat: ChatModel) => chat.get('id')?.isBroadcast() === true,
    getIsGroup: (chat: ChatModel) => chat.get('id')?.isGroup() === true,
    getIsUser: (chat: ChatModel) => chat.get('id')?.isUser() === true,
  })
  defineModule('WAWebContactGetters', {
    getIsMe: (contact: ContactModel) => isMe(contactWid(contact)),
    getIsUser: (contact: ContactModel) => contactWid(contact).isUser(),
    getIsGroup: (contact: ContactModel) => contactWid(contact).isGroup(),
    getIsWAContact: () => true,
    getUserid: (contact: ContactModel) => contactWid(contact).user,
    getVerifiedName: () => undefined,
    getVerifiedLevel: () => undefined,
    getStatusMute: (contact: ContactModel) => contact.get('statusMute'),
    getName: (contact: ContactModel) => contact.get('name'),
    getShortName: (contact: ContactModel) => contact.get('shortName'),
    getPushname: (contact: ContactModel) => contact.get('pushname'),
    getIsEnterprise: () => false,
  })
  defineModule('WAWebFrontendContactGetters', {
    getIsMyContact: (contact: ContactModel) => contact.get('name') !== undefined,
  })
}

function contactWid(contact: ContactModel): Wid {
  const wid = contact.get('id')
  if (!wid) throw new TypeError("Cannot read properties of undefined (reading 'id')")
  return wid
}
