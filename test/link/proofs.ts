/** What the examples of the table do: seen on the phone's side, and in the event log. */
import type { World } from '../../simulator/simulator.ts'
import type { WorldGroup, WorldMessage } from '../../simulator/world-types.ts'
import type { Event, EventKind } from '../../src/model/events.ts'

const NOOR = '15551234567@c.us'
/** This chat has a label. */
const KAI = '15551234568@c.us'
const BOOK_CLUB = '120363041234567890@g.us'
const SCHOOL_TRIP = '120363041234567891@g.us'
/** Asks to join the book club. */
const ZOE = '15551234777'
/** The message and the poll of the examples. */
const DINNER = '3EB0C767D097B7C7C0'
const TO_EDIT = '3EB0D1C8E4F2A69B07'
const POLL = '3EB0A7C1D2E3F40516'

/** Adds what the proofs need to the world of the examples, before the link: labels belong to business accounts. */
export async function addBusiness(world: World): Promise<void> {
  world.setProfile({ business: true })
  const { id } = world.addLabel({ name: 'Guide' })
  await world.setLabels({ chat: KAI, labels: [id] })
}

/**
 * `phone`: true once the phone has it. `event`: a kind that is in the log then. `prepare`: makes what the example asks for, and returns
 * the input that names it. `shown`: true for the event that says that WhatsApp Web has that.
 */
export type Proof = {
  phone?(world: World): boolean
  event?: EventKind
  prepare?(world: World): Promise<Record<string, unknown>>
  shown?(event: Event): boolean
}

const sent = (fits: (message: WorldMessage) => boolean): Proof => ({
  phone: (world) => world.messages().some((one) => one.fromMe && one.origin !== 'phone' && fits(one)),
  event: 'message.sent',
})
const message = (id: string, fits: (message: WorldMessage) => boolean) => (world: World) =>
  world.messages().some((one) => one.id === id && fits(one))
const group = (id: string, fits: (group: WorldGroup) => boolean) => (world: World) =>
  world.state().groups.some((one) => one.id === id && fits(one))
const chat =
  (id: string, fits: (chat: ReturnType<World['chats']>[number] | undefined) => boolean) => (world: World) =>
    fits(world.chats().find((one) => one.id === id))

/** The picture of this person or group is another one. */
function picture(of: string, event: EventKind): Proof {
  let before: string | null
  return {
    async prepare(world) {
      before = world.pictureOf({ of })
      return {}
    },
    phone: (world) => world.pictureOf({ of }) !== before,
    event,
  }
}

/** By the name of the row. Rows that only read have none. */
export const PROOFS: Record<string, Proof> = {
  send_message: sent(({ body }) => body === 'Hello from whatsapp-mcp-api'),
  send_to_chat: sent(({ body }) => body === 'I bring the map.'),
  send_location: sent(({ location }) => location?.lat === 48.2104),
  send_contacts: sent(({ type }) => type === 'vcard'),
  send_poll: sent(({ poll }) => poll?.name === 'When?'),
  send_media: sent(({ caption }) => caption === 'The route'),
  react: {
    phone: message(DINNER, ({ reactions }) => reactions?.some(({ emoji }) => emoji === '👍') === true),
    event: 'message.reaction',
  },
  edit_message: {
    phone: message(TO_EDIT, ({ body }) => body === 'See you at eight.'),
    event: 'message.edited',
  },
  delete_message: { phone: message(TO_EDIT, ({ type }) => type === 'revoked'), event: 'message.revoked' },
  star_message: { phone: message(DINNER, ({ starred }) => starred === true), event: 'message.starred' },
  pin_message: { phone: message(DINNER, ({ pinned }) => pinned !== undefined), event: 'message.pinned' },
  vote: {
    phone: message(POLL, ({ poll }) => Object.keys(poll?.votes ?? {}).length === 1),
    event: 'poll.voted',
  },
  forward_message: sent(({ id, body }) => body === 'Yes! Dinner on Friday?' && id !== DINNER),
  reject_call: {
    prepare: async (world) => ({ call_id: (await world.ring({ from: NOOR.replace('@c.us', '') })).id }),
    shown: ({ kind }) => kind === 'call.incoming',
    phone: (world) => world.state().calls.some(({ state }) => state === 'rejected'),
    event: 'call.ended',
  },
  create_group: {
    phone: (world) => world.state().groups.filter(({ subject }) => subject === 'Book club').length === 2,
    event: 'chat.changed',
  },
  change_group: {
    phone: group(
      BOOK_CLUB,
      ({ description, restrict }) => description === 'Every first Monday' && restrict === true,
    ),
    event: 'group.changed',
  },
  change_group_members: {
    phone: group(BOOK_CLUB, ({ admins }) => admins?.includes('15551234567') === true),
    event: 'group.member_promoted',
  },
  reset_group_invite: {
    phone: group(BOOK_CLUB, ({ invite }) => invite !== undefined && invite !== 'Bk7cLubF1rstM0ndayS1xA'),
    event: 'group.changed',
  },
  set_group_picture: picture(BOOK_CLUB, 'group.changed'),
  join_group: {
    async prepare(world) {
      const { id } = world.addGroup({ subject: 'Tea', members: ['15551234567'], foreign: true })
      return { invite: world.inviteTo({ group: id }) }
    },
    phone: (world) => world.state().groups.some(({ subject, left }) => subject === 'Tea' && !left),
    event: 'chat.changed',
  },
  answer_join_requests: {
    async prepare(world) {
      world.addContact({ phone: ZOE, name: null, pushname: 'Zoe' })
      await world.setGroup({ group: BOOK_CLUB, approves: true })
      await world.askToJoin({ group: BOOK_CLUB, person: ZOE })
      return { action: 'approve', members: [ZOE] }
    },
    shown: ({ kind }) => kind === 'group.join_requested',
    phone: group(BOOK_CLUB, ({ members }) => members.includes(ZOE)),
    event: 'group.member_added',
  },
  leave_group: { phone: group(SCHOOL_TRIP, ({ left }) => left === true), event: 'chat.changed' },
  change_chat: { phone: chat(NOOR, (one) => one?.archived === true), event: 'chat.changed' },
  change_chats: { phone: chat(NOOR, (one) => one?.muteExpiration === -1), event: 'chat.changed' },
  read_chat: {
    // Sending has read what was there before.
    async prepare(world) {
      await world.write({ from: NOOR.replace('@c.us', ''), text: 'Are you there?' })
      return {}
    },
    // Of a chat that is read before it counts the message, nothing changes.
    shown: ({ kind, chat, data }) =>
      kind === 'chat.changed' && chat?.id === NOOR && data.fields.includes('unread_count'),
    phone: chat(NOOR, (one) => one?.unreadCount === 0),
    event: 'chat.changed',
  },
  set_chat_presence: {
    phone: (world) =>
      world.state().presences.some(({ chat, state }) => chat !== null && state === 'composing'),
  },
  delete_chat: { phone: chat(SCHOOL_TRIP, (one) => one === undefined), event: 'chat.removed' },
  set_chat_labels: {
    prepare: async (world) => ({ labels: world.chats().find(({ id }) => id === KAI)?.labels }),
    phone: chat(NOOR, (one) => one?.labels.length === 1),
  },
  block_contact: {
    phone: (world) =>
      world.state().contacts.some(({ phone, blocked }) => `${phone}@c.us` === NOOR && blocked === true),
    event: 'contact.changed',
  },
  change_profile: { phone: (world) => world.state().account.about === 'At the mountains until Monday' },
  set_profile_picture: picture('me', 'contact.changed'),
  set_presence: {
    phone: (world) =>
      world.state().presences.some(({ chat, state }) => chat === null && state === 'available'),
  },
  follow_channel: {
    phone: (world) => world.state().channels.some(({ name, foreign }) => name === 'Trail news' && !foreign),
    event: 'chat.changed',
  },
  post_status_update: {
    phone: (world) =>
      world.messages({ chat: 'status@broadcast' }).some(({ body }) => body === 'Back on Monday'),
    event: 'status_update.posted',
  },
  delete_status_update: {
    // That of the example was posted before this link: the archive does not have it, and has no event of it.
    async prepare(world) {
      const content = { type: 'chat', text: 'Lunch!' } as const
      const { id } = await world.writeStatus({ from: 'me', content })
      return { message_id: `true_status@broadcast_${id}_${world.state().account.phone}@c.us` }
    },
    shown: ({ kind }) => kind === 'status_update.posted',
    phone: (world) => !world.messages({ chat: 'status@broadcast' }).some(({ body }) => body === 'Lunch!'),
    event: 'message.revoked',
  },
}
