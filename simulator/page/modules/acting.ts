/** The modules that change something: sending, reading marks, chats' flags, and the tables that clients wrap. */
import { isOn } from '../faults.ts'
import { ChatModel } from '../models.ts'
import { boot, connection } from '../page.ts'
import { storedVotes, voteTable } from '../polls.ts'
import { reactionTable } from '../reactions.ts'
import { defineModule, refuse } from '../registry.ts'
import { addAndSendMsgToChat } from '../send.ts'
import { defineCommand, Stream } from '../socket-model.ts'
import { Chat } from '../stores.ts'

function chatOrThrow(chat: unknown, who: string): ChatModel {
  if (chat instanceof ChatModel) return chat
  refuse(`${who} was called with something that is no chat`)
  throw new TypeError(`${who}: not a chat model`)
}

type Seen = { chat: unknown; threadId?: string; afterAvailable?: boolean }

/** Takes `{ chat, threadId, afterAvailable? }` (wa-js: functions/markSeen.ts). */
async function sendSeen(options: Seen): Promise<void> {
  const chat = chatOrThrow(options?.chat, 'sendSeen')
  if (isOn('seen_throws')) throw new TypeError("Cannot read properties of undefined (reading 'markedUnread')")
  await see(chat, options.afterAvailable)
}

/**
 * While the device does not count as online, it resolves without reading, and reads what is unread by then once that changes
 * (WAWebUpdateUnreadChatAction, builds of 2026).
 */
async function see(chat: ChatModel, afterAvailable = true): Promise<void> {
  if (!chat.get('unreadCount')) return
  if (afterAvailable && !Stream.get('available')) {
    Stream.once('change:available', () => void see(chat))
    return
  }
  await connection().ask('seen', { chat: chat.key() })
  chat.set({ unreadCount: 0 })
}

/**
 * Fetches the page. Pages that cannot be fetched reject. Newer builds ask the chat whether it is a channel, also if none is given
 * (OpenWA patch 3, wwebjs#101428).
 */
async function getLinkPreview(link: unknown, chat?: unknown): Promise<object | null> {
  const href = typeof link === 'object' && link !== null ? Reflect.get(link, 'href') : undefined
  if (typeof href !== 'string') throw new TypeError("Cannot read properties of undefined (reading 'href')")
  if (!boot.build.previewsForAll && !(chat instanceof ChatModel))
    throw new Error('Data passed to getter must include an id property')
  if (isOn('preview_fails')) throw new Error('preview: 404')
  if (isOn('preview_hangs')) return new Promise(() => {})
  return { data: { title: `Title of ${href}`, description: '', matchedText: href, canonicalUrl: href } }
}

async function archiveChat(given: unknown, archived: boolean): Promise<void> {
  const chat = chatOrThrow(given, 'archiveChat')
  await connection().ask('chat', { chat: chat.key(), archived })
  chat.set({ archive: archived })
}

/** Pins at most three chats: for another one it shows a sentence and does nothing. */
async function pinChat(given: unknown, isPinned: boolean): Promise<void> {
  const chat = chatOrThrow(given, 'pinChat')
  if (isPinned && Chat.getModelsArray().filter((one) => (one.get('pin') ?? 0) > 0).length >= 3) return
  const pinned = isPinned ? Math.floor(Date.now() / 1000) : 0
  await connection().ask('chat', { chat: chat.key(), pinned })
  chat.set({ pin: pinned })
}

async function markChatUnread(given: unknown, isUnread: boolean): Promise<void> {
  const chat = chatOrThrow(given, 'markChatUnread')
  if (!isUnread) return see(chat)
  await connection().ask('chat', { chat: chat.key(), unreadCount: -1 })
  chat.set({ unreadCount: -1 })
}

/** Commands of the real `Cmd` that whatsapp-web.js 1.34.7 uses and the double does not implement. */
const notBuiltCommands = [
  'openChatBottom',
  'openChatAt',
  'openDrawerMid',
  'closeDrawerRight',
  'chatSearch',
  'msgInfoDrawer',
]

/** Defines the modules of this file. */
export function defineActingModules(): void {
  defineModule('WAWebSendMsgChatAction', { addAndSendMsgToChat })
  defineModule('WAWebGetEphemeralFieldsMsgActionsUtils', { getEphemeralFields: () => ({}) })
  defineModule('WAWebLinkPreviewChatAction', { getLinkPreview })
  defineModule('WAWebUpdateUnreadChatAction', { sendSeen })
  defineModule('WAWebDeleteChatAction', {
    sendDelete: async (chat: unknown) =>
      void (await connection().ask('delete_chat', { chat: chatOrThrow(chat, 'sendDelete').key() })),
  })
  defineCommand('archiveChat', archiveChat)
  defineCommand('pinChat', pinChat)
  defineCommand('markChatUnread', markChatUnread)
  for (const name of notBuiltCommands) {
    defineCommand(name, () => {
      refuse(`Cmd.${name} is not built in this double`)
      throw new Error(`simulator: Cmd.${name} is not built in this double`)
    })
  }
  defineModule('WAWebSyncGatingUtils', { isPlaceholderMessageResendEnabled: () => false })
  defineModule('WAWebAddonReactionTableMode', reactionTable)
  defineModule('WAWebAddonPollVoteTableMode', voteTable)
  defineModule('WAWebPollsVotesSchema', { getTable: () => storedVotes })
  defineModule('WAWebBackendJobsCommon', { mediaTypeFromProtobuf: () => null })
  defineModule('WAWebE2EProtoUtils', { typeAttributeFromProtobuf: () => 'text' })
}
