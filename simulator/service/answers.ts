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
import { changePicture, queryPicture } from './pictures.ts'
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

type Link = { account: Account; device: Device }

function linkOf(session: Session): Link {
  if (session.link) return session.link
  throw new RefusedQuestion('not linked')
}

/** The answer to a page that is linked, after the time that a stanza takes. */
function afterStanza<Args, Answer>(
  answer: (context: Context, link: Link, args: Args, session: Session) => Answer | Promise<Answer>,
): (context: Context, session: Session, args: Args) => Promise<Answer> {
  return async (context, session, args) => {
    const link = linkOf(session)
    await context.clock.wait('stanza')
    return answer(context, link, args, session)
  }
}

/** Responses by request. An exception rejects the request; the page's promise then rejects. */
export const answers: Answers = {
  async hello(context, session, { credentials, registration, browserNames }) {
    for (const name of browserNames) context.browserNames.add(name)
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
    context.lookups.push(jid)
    if (context.faults.isOn('lookup_hangs')) return new Promise(() => {})
    const asked = jid.replace(/\D/g, '')
    const other = fieldOf(context.faults.get('other_number'), asked)
    return findPerson(linkOf(session).account, typeof other === 'string' ? other : jid) ?? null
  },

  reupload: afterStanza((context, { account }, { id }) => {
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
  }),

  group_act: afterStanza((context, { account }, args) => {
    if (context.faults.isOn('group_act_hangs')) return new Promise(() => {})
    return takeGroupAct(context, account, args)
  }),

  query_invite: afterStanza((_context, { account }, args) => queryInvite(account, args)),

  join: afterStanza((context, { account }, args) => joinByInvite(context, account, args)),

  change_members: afterStanza((context, { account }, args) => changeMembers(context, account, args)),

  invite_member: afterStanza((context, { account }, args) => {
    inviteMember(context, account, args)
    return null
  }),

  block: afterStanza((context, { account }, { jid, blocked }) => {
    const contact = account.contacts.get(findPerson(account, jid)?.phone ?? '')
    if (!contact) throw new RefusedQuestion('item-not-found')
    account.contacts.set(contact.phone, { ...contact, blocked })
    tellPeople(context, account, [{ ...contact, blocked }])
    context.changed()
    return null
  }),

  change_channel_admin: afterStanza((context, { account }, { channel: id, person, action }) => {
    const channel = account.channels.get(id)
    const { phone = '' } = findPerson(account, person) ?? {}
    const { admins = [] } = channel ?? {}
    if (!channel?.own || !admins.includes(phone)) return { error: { name: '', code: 403, text: 'forbidden' } }
    const others = admins.filter((one) => one !== phone)
    account.channels.set(id, { ...channel, admins: others, own: action === 'demote' })
    context.changed()
    return null
  }),

  preview_channel: afterStanza((_context, { account }, args) => previewChannel(account, args)),

  follow_channel: afterStanza((context, { account }, args) => followChannel(context, account, args)),

  label_chat: afterStanza((context, { account }, args) => {
    labelChat(context, account, args)
    return null
  }),

  reject_call: afterStanza((context, { account }, { id }) => {
    endCall(context, account, id, 'rejected')
    return null
  }),

  set_profile: afterStanza((context, { account }, changes, session) =>
    setProfile(context, account, changes, session),
  ),

  picture: afterStanza((context, { account }, args) => queryPicture(context, account, args)),

  set_picture: afterStanza((context, { account }, args, session) =>
    changePicture(context, account, args, session),
  ),

  about: afterStanza((_context, { account }, { jid }) => ({ about: aboutOf(account, jid) })),

  watch_presence: afterStanza((context, { account }, { jid }, session) => {
    watchPresence(context, account, session, jid)
    return null
  }),

  group: afterStanza(async (context, { account }, { id }) => {
    const broken = await breakGroup(context, id)
    if (broken) return { error: broken }
    await takeTurn(context)
    const group = account.groups.get(id)
    if (!group) return { error: { name: 'IQErrorItemNotFound', code: 404, text: 'item-not-found' } }
    if (group.left) return { error: { name: 'IQErrorForbidden', code: 403, text: 'forbidden' } }
    return toWireGroup(account, group)
  }),

  create_group: afterStanza((context, { account, device }, { subject, members }) =>
    createByDevice(context, account, { subject, people: members, origin: device.id }),
  ),

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

  earlier: afterStanza(async (context, { account, device }, { chat, before, count }) => {
    const found = await breakEarlier(context, account, chat, before, count)
    const messages = found.map((message) => toWireMessage(account, device, message))
    return { messages, transfer: transferOf(context, chat) }
  }),

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

  search: afterStanza(async (_context, { account, device }, { query, page, count, chat }) => {
    const found = await searchMessages(account, { query, chat, page, count })
    return found.map((message) => toWireMessage(account, device, message))
  }),

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

  seen: afterStanza((context, { account }, { chat }, session) => {
    changeChat(context, account, chat, { unreadCount: 0 }, session)
    return null
  }),

  chat: afterStanza((context, { account }, { chat, ...change }, session) => {
    changeChat(context, account, chat, change, session)
    return null
  }),

  delete_chat: afterStanza((context, { account }, { chat }) => {
    removeChat(context, account, chat)
    return null
  }),

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
