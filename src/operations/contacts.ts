/** Operations on people: the list, and one person. */
import { z } from 'zod'
import { ChatAlone, ChatName } from '../model/chat.ts'
import { Contact } from '../model/contact.ts'
import { chatLine, contactLine, facts, indented, lines, named, pageLines } from './brief.ts'
import { contactIdInput, cursor, limit, nameQuery } from './inputs.ts'
import { defineOperation } from './operation.ts'
import { following, nextCursor, ok, READING_ERRORS, staleness, staleSince } from './reading.ts'

export const listContacts = defineOperation({
  name: 'list_contacts',
  title: 'List contacts',
  tag: 'contacts',
  description:
    'Lists people, address book first, then by name; this account is excluded. Use query to find who a number belongs to, or the number of a name, including people without a chat. For chats and groups, use {{list_chats}}. For details about one person, use {{get_contact}}.',
  effect: 'read',
  scope: 'read',
  toolset: 'core',
  needs: 'nothing',
  uses: ['read_contacts'],
  routes: ['GET /api/contacts'],
  input: z.strictObject({ query: nameQuery, limit: limit(20), cursor }),
  output: z.object({
    ok,
    count: z.int().describe('People on this page.'),
    contacts: z.array(Contact),
    next_cursor: nextCursor,
    stale_since: staleSince,
  }),
  errors: [...READING_ERRORS],
  example: { input: { query: 'mül' } },
  brief: {
    sizes: { limit: 'contacts' },
    text: ({ count, contacts, ...page }) =>
      lines(`${count} people`, contacts.map(contactLine), pageLines(page)),
  },
  async run({ query, limit, cursor }, { reader, staleSince }) {
    const { items, next } = await reader().listContacts({ query }, { limit, cursor })
    return {
      ok: true as const,
      count: items.length,
      contacts: items,
      ...following(next),
      ...staleness(staleSince),
    }
  },
})

const Traffic = z.object({
  count: z.int(),
  first_at: z.string().nullable().describe('ISO 8601 UTC.'),
  last_at: z.string().nullable().describe('ISO 8601 UTC.'),
})

function trafficOf({ count, first_at, last_at }: z.infer<typeof Traffic>): string {
  return facts({ messages: count, first: first_at, last: last_at })
}

export const getContact = defineOperation({
  name: 'get_contact',
  title: 'One contact',
  tag: 'contacts',
  description:
    'Returns one person by phone number, phone JID or LID: names and ids, the direct chat, the groups in common, and how many archived messages went each way and when. If you only know a name, find the person with {{list_contacts}} first.',
  effect: 'read',
  scope: 'read',
  toolset: 'people',
  needs: 'nothing',
  routes: ['GET /api/contacts/{contact_id}'],
  input: z.strictObject({ contact_id: contactIdInput }),
  output: z.object({
    ok,
    contact: Contact,
    chat: ChatAlone.nullable().describe('The direct chat; null if there is none.'),
    common_groups: z.array(ChatName).describe('Latest activity first.'),
    messages: z
      .object({ received: Traffic, sent: Traffic })
      .describe('Messages in the direct chat: received from the person, and sent by this account.'),
    stale_since: staleSince,
  }),
  errors: [...READING_ERRORS, 'contact_not_found'],
  example: { input: { contact_id: '15551234567' } },
  brief: {
    text: ({ contact, chat, common_groups, messages: { received, sent }, ...page }) =>
      lines(
        contactLine(contact),
        chat === null ? 'No direct chat' : `Chat: ${chatLine(chat)}`,
        `Received: ${trafficOf(received)}`,
        `Sent: ${trafficOf(sent)}`,
        common_groups.length > 0 && 'Groups in common:',
        indented(common_groups.map(named)),
        pageLines(page),
      ),
  },
  async run({ contact_id }, { reader, staleSince }) {
    const { contact, chat, groups, received, sent } = await reader().getContact(contact_id)
    return {
      ok: true as const,
      contact,
      chat,
      common_groups: groups,
      messages: { received, sent },
      ...staleness(staleSince),
    }
  },
})
