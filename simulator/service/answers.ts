/** The service's response to each request of a page. */
import type { Operation, Requests } from '../wire.ts'
import type { Account, Device } from './accounts.ts'
import { takeAct } from './acts.ts'
import { findPerson } from './addresses.ts'
import { giveLate, giveWorld } from './backlog.ts'
import { endCall } from './calls.ts'
import { followChannel, labelChat, previewChannel } from './channels.ts'
import type { Context, Session } from './context.ts'
import { findLink } from './devices.ts'
import { breakEarlier, breakGroup, replaceAgain, replaceOthers, takeTurn, transferOf } from './fault-acts.ts'
import { fieldOf } from './faults.ts'
import { joinByInvite, queryInvite, takeGroupAct } from './group-acts.ts'
import {
  acceptLink,
  acknowledgeNews,
  changeSecret,
  removeDevice,
  requestPairingCode,
  startLinking,
} from './links.ts'
import { isMediaType } from './media.ts'
import { changeMembers, createByDevice, inviteMember } from './members.ts'
import { changeChat, confirmReceived, removeChat, resend, tellPeople } from './messages.ts'
import { aboutOf, setProfile, watchPresence } from './profile.ts'
import { RefusedQuestion } from './refused.ts'
import { searchMessages } from './search.ts'
import { takeSend } from './sends.ts'
import { toWireAccount, toWireGroup, toWireMessage } from './wire-forms.ts'

type Answers = {
  [K in Operation]: (
    context: Context,
    session: Session,
    args: Requests[K]['args'],
  ) => Promise<Requests[K]['answer']> | Requests[K]['answer']
}

function linkOf(session: Session): { account: Account; device: Device } {
  if (session.link) return session.link
  throw new RefusedQuestion('not linked')
}

/** Responses by request. An exception rejects the request; the page's promise then rejects. */
export const answers: Answers = {
  async hello(context, session, { credentials, registration }) {
    await context.clock.wait('hello')
    if (credentials) {
      const link = findLink(context, credentials)
      if ('removed' in link) return { kind: 'removed', navigate: link.navigate }
      if (context.doomed.delete(link.device.id)) {
        removeDevice(context, link.account, link.device.id, true)
        return { kind: 'removed', navigate: true }
      }
      session.link = link
      replaceOthers(context, session)
      context.changed()
      const { account, device } = link
      const news = device.news ? { blocks: device.news.blocks } : null
      return { kind: 'linked', account: toWireAccount(account, device), news }
    }
    session.registration = registration
    return { kind: 'unlinked' }
  },

  async sync(context, session) {
    const link = linkOf(session)
    await context.clock.wait('sync')
    await giveWorld(context, session, link, false)
    replaceAgain(context, session)
    return null
  },

  async resume(context, session) {
    const link = linkOf(session)
    await context.clock.wait('stanza')
    await giveWorld(context, session, link, true)
    replaceAgain(context, session)
    return null
  },

  late(_context, session) {
    giveLate(session, linkOf(session))
    return null
  },

  received(_context, session, { ids }) {
    confirmReceived(session, ids)
    return null
  },

  refs(context, session, { advSecret }) {
    if (session.link || !session.registration) throw new RefusedQuestion('already linked')
    startLinking(context, session, advSecret)
    return null
  },

  adv_secret(context, session, { advSecret }) {
    changeSecret(context, session, advSecret)
    return null
  },

  async pairing_code(context, session, { phone }) {
    if (session.link || !session.registration) throw new RefusedQuestion('already linked')
    await context.clock.wait('stanza')
    return requestPairingCode(context, session, phone)
  },

  passkey_confirm(context, session) {
    const { passkeyFor } = session
    if (!passkeyFor) throw new RefusedQuestion('no passkey was asked for')
    session.passkeyFor = null
    void acceptLink(context, session, passkeyFor)
    return null
  },

  send: (context, session, message) => takeSend(context, linkOf(session), message),

  message_info(_context, session, { id }) {
    const { account } = linkOf(session)
    const message = account.messages.get(id)
    if (!message?.fromMe) throw new RefusedQuestion('no message info')
    const people = account.groups.get(message.chat)?.members.length ?? 1
    return { people, receipts: message.receipts ?? [] }
  },

  act: (context, session, { id, act }) => takeAct(context, linkOf(session), id, act),

  async exists(context, session, { jid }) {
    await context.clock.wait('stanza')
    if (context.faults.isOn('lookup_hangs')) return new Promise(() => {})
    const asked = jid.replace(/\D/g, '')
    const other = fieldOf(context.faults.get('other_number'), asked)
    return findPerson(linkOf(session).account, typeof other === 'string' ? other : jid) ?? null
  },

  async reupload(context, session, { id }) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    if (context.faults.isOn('reupload_hangs')) return new Promise(() => {})
    context.reuploads.push(id)
    context.changed()
    const message = account.messages.get(id)
    if (!message?.media || !isMediaType(message.type)) return { directPath: null }
    const directPath = context.mediaHost.republish(message.type, message.media)
    if (directPath !== null) {
      message.media = { ...message.media, directPath }
      account.messages.put(message)
    }
    return { directPath }
  },

  async group_act(context, session, args) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    if (context.faults.isOn('group_act_hangs')) return new Promise(() => {})
    return takeGroupAct(context, account, args)
  },

  async query_invite(context, session, args) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    return queryInvite(account, args)
  },

  async join(context, session, args) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    return joinByInvite(context, account, args)
  },

  async change_members(context, session, args) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    return changeMembers(context, account, args)
  },

  async invite_member(context, session, args) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    inviteMember(context, account, args)
    return null
  },

  async block(context, session, { jid, blocked }) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    const contact = account.contacts.get(findPerson(account, jid)?.phone ?? '')
    if (!contact) throw new RefusedQuestion('item-not-found')
    account.contacts.set(contact.phone, { ...contact, blocked })
    tellPeople(context, account, [{ ...contact, blocked }])
    context.changed()
    return null
  },

  async change_channel_admin(context, session, { channel: id, person, action }) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    const channel = account.channels.get(id)
    const { phone = '' } = findPerson(account, person) ?? {}
    const { admins = [] } = channel ?? {}
    if (!channel?.own || !admins.includes(phone)) return { error: { name: '', code: 403, text: 'forbidden' } }
    const others = admins.filter((one) => one !== phone)
    account.channels.set(id, { ...channel, admins: others, own: action === 'demote' })
    context.changed()
    return null
  },

  async preview_channel(context, session, args) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    return previewChannel(account, args)
  },

  async follow_channel(context, session, args) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    return followChannel(context, account, args)
  },

  async label_chat(context, session, args) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    labelChat(context, account, args)
    return null
  },

  async reject_call(context, session, { id }) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    endCall(context, account, id, 'rejected')
    return null
  },

  async set_profile(context, session, changes) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    return setProfile(context, account, changes, session)
  },

  async about(context, session, { jid }) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    return { about: aboutOf(account, jid) }
  },

  async watch_presence(context, session, { jid }) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    watchPresence(context, account, session, jid)
    return null
  },

  async group(context, session, { id }) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    const broken = await breakGroup(context, id)
    if (broken) return { error: broken }
    await takeTurn(context)
    const group = account.groups.get(id)
    if (!group) return { error: { name: 'IQErrorItemNotFound', code: 404, text: 'item-not-found' } }
    return toWireGroup(account, group)
  },

  async create_group(context, session, { subject, members }) {
    const { account, device } = linkOf(session)
    await context.clock.wait('stanza')
    return createByDevice(context, account, { subject, people: members, origin: device.id })
  },

  news_seen(context, session) {
    const { account, device } = linkOf(session)
    acknowledgeNews(account, device)
    context.changed()
    return null
  },

  status_read(context, session) {
    context.doomed.add(linkOf(session).device.id)
    return null
  },

  async earlier(context, session, { chat, before, count }) {
    const { account, device } = linkOf(session)
    await context.clock.wait('stanza')
    const found = await breakEarlier(context, account, chat, before, count)
    const messages = found.map((message) => toWireMessage(account, device, message))
    return { messages, transfer: transferOf(context, chat) }
  },

  async ask_phone(context, _session, { chat }) {
    await context.clock.wait('stanza')
    context.phoneAsked.push(chat)
    // The phone transfers the rest.
    if (transferOf(context, chat) === 0) await context.faults.set('earlier_messages', false)
    context.changed()
    return null
  },

  messages_by_id(_context, session, { ids }) {
    const { account, device } = linkOf(session)
    return ids
      .map((id) => account.messages.get(id))
      .filter((message) => message !== undefined)
      .map((message) => toWireMessage(account, device, message))
  },

  async search(context, session, { query, page, count, chat }) {
    const { account, device } = linkOf(session)
    await context.clock.wait('stanza')
    const found = await searchMessages(account, { query, chat, page, count })
    return found.map((message) => toWireMessage(account, device, message))
  },

  async presence(context, _session, { chat, state }) {
    await context.clock.wait('stanza')
    context.presences.push({ chat, state, at: context.clock.now() })
    context.changed()
    return null
  },

  async resend(context, session, { ids }) {
    await context.clock.wait('stanza')
    resend(context, session, ids)
    return null
  },

  async seen(context, session, { chat }) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    changeChat(context, account, chat, { unreadCount: 0 }, session)
    return null
  },

  async chat(context, session, { chat, ...change }) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    changeChat(context, account, chat, change, session)
    return null
  },

  async delete_chat(context, session, { chat }) {
    const { account } = linkOf(session)
    await context.clock.wait('stanza')
    removeChat(context, account, chat)
    return null
  },

  async logout(context, session) {
    const { account, device } = linkOf(session)
    await context.clock.wait('stanza')
    session.link = null
    session.live = false
    removeDevice(context, account, device.id, true)
    return null
  },

  acted(context, _session, { n }) {
    context.unnoted.get(n)?.()
    return null
  },

  counted(context, _session, { n, messages, inChats }) {
    context.uncounted.get(n)?.({ messages, inChats })
    context.uncounted.delete(n)
    return null
  },

  refusal(context, _session, { text }) {
    context.refusals.push(text)
    context.changed()
    return null
  },
}
