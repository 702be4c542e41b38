/** Posting in own channels, and their admins (WAWebNewsletterSendMessageJob and others). */
import { ServerStatusCodeError } from '../errors.ts'
import { addChannel } from '../learn.ts'
import { ChatModel } from '../models.ts'
import { MsgModel } from '../msg-model.ts'
import { boot, connection } from '../page.ts'
import { defineModule } from '../registry.ts'
import { toSent } from '../send.ts'
import { Newsletters } from '../stores.ts'

type Post = {
  msg: unknown
  type: 'text' | 'media' | 'pollCreation'
  newsletterJid: string
  mediaMetadata?: unknown
  mediaHandle?: unknown
}

/** The server takes media only with its measures and its handle. */
async function sendNewsletterMessageJob({ msg, type, newsletterJid, mediaMetadata, mediaHandle }: Post) {
  if (!(msg instanceof MsgModel)) throw new TypeError("Cannot read properties of undefined (reading 'id')")
  if (type === 'media' && (!mediaMetadata || typeof mediaHandle !== 'string'))
    throw new TypeError('sendNewsletterMessageJob: media without metadata or handle')
  const content = { ...toSent(msg.attributes), chat: newsletterJid, t: msg.get('t') ?? 0 }
  const { ack, t } = await connection().ask('send', content)
  return { success: ack > 0, ack: { t }, serverId: t }
}

const measuresOf = (msg: MsgModel): object => {
  const { mimetype, size, width, height, duration } = msg.attributes
  return { mimetype, size, width, height, duration }
}

/** Resolves if the server has done it. */
async function changeAdmin(channel: string, person: string, action: 'demote' | 'transfer'): Promise<void> {
  const answer = await connection().ask('change_channel_admin', { channel, person, action })
  if (answer) throw new ServerStatusCodeError(answer.error)
}

/** Since 2026 the page's own list of subscribers is empty, and it refuses without asking (OpenWA 29.6.2). */
async function changeNewsletterOwnerAction(channel: unknown, person: unknown): Promise<void> {
  if (!(channel instanceof ChatModel)) throw new TypeError('changeNewsletterOwnerAction: no channel')
  if (!boot.build.managesChannels) throw new Error('contact-not-found-in-newsletter-subscriber-list')
  await changeAdmin(channel.key(), String(Reflect.get(Object(person), 'id')), 'transfer')
}

/** Puts a channel in memory that the account does not follow. Rejects for one that does not exist. */
async function loadNewsletterPreviewChat(id: unknown): Promise<ChatModel> {
  const answer = await connection().ask('preview_channel', { id: String(id) })
  if ('error' in answer) throw new ServerStatusCodeError(answer.error)
  const channel = addChannel(answer.channel)
  if (answer.channel.foreign) channel.newsletterMetadata?.set({ membershipType: 'guest' })
  return channel
}

/** The page's own actions catch what the server refuses in their button; the promise rejects all the same. */
async function follow(channel: unknown, isFollowed: boolean): Promise<ChatModel> {
  if (!(channel instanceof ChatModel))
    throw new TypeError("Cannot read properties of undefined (reading 'id')")
  const answer = await connection().ask('follow_channel', { id: channel.key(), follow: isFollowed })
  if (answer) throw new ServerStatusCodeError(answer.error)
  channel.newsletterMetadata?.set({ membershipType: isFollowed ? 'subscriber' : 'guest' })
  return channel
}

async function unsubscribeFromNewsletterAction(
  channel: unknown,
  options: { deleteLocalModels?: boolean } = {},
): Promise<void> {
  const left = await follow(channel, false)
  if (options.deleteLocalModels) Newsletters.remove(left)
}

/** Defines the modules of this file. */
export function defineChannels(): void {
  defineModule('WAWebMsgDataFromModel', { msgDataFromMsgModel: (msg: MsgModel) => msg.serialize() })
  defineModule('WAWebNewsletterUpdateMsgsRecordsJob', {
    addNewsletterMsgsRecords: async () => undefined,
    updateNewsletterMsgRecord: async () => undefined,
  })
  defineModule('WAWebLoadNewsletterPreviewChatAction', { loadNewsletterPreviewChat })
  defineModule('WAWebNewsletterSubscribeAction', {
    subscribeToNewsletterAction: (channel: unknown) => follow(channel, true),
  })
  defineModule('WAWebNewsletterUnsubscribeAction', { unsubscribeFromNewsletterAction })
  defineModule('WAWebNewsletterSendMessageJob', { sendNewsletterMessageJob })
  if (boot.build.hasAvParams) Object.assign(MsgModel.prototype, { avParams: ownMeasures })
  else defineModule('WAWebMediaMetadata', { mediaMetadata: measuresOf })
  defineModule('WAMediaCalculateFilehash', { getRandomFilehash: () => crypto.randomUUID() })
  defineModule('WAWebChangeNewsletterOwnerAction', { changeNewsletterOwnerAction })
  defineModule(
    'WAWebDemoteNewsletterAdminAction',
    boot.build.managesChannels
      ? {
          demoteNewsletterAdmin: (id: unknown, who: unknown) =>
            changeAdmin(String(id), String(who), 'demote'),
        }
      : {},
  )
}

function ownMeasures(this: MsgModel): object {
  return measuresOf(this)
}
