/** Operations on people: block, list the blocked, and look numbers up. */
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { counted } from '../model/counted.ts'
import { writtenByPeople } from '../model/fields.ts'
import { type Jid, type PhoneNumber, phoneNumberInput, phoneOf, toJid } from '../model/ids.ts'
import { lines, named } from './brief.ts'
import type { Grant } from './door.ts'
import { contactIdInput, yesNo } from './inputs.ts'
import { defineOperation } from './operation.ts'
import { ok, onePage } from './reading.ts'
import { ASKING_ERRORS, CHANGE, perform } from './tasks.ts'

const BLOCK = '/api/contacts/{contact_id}/block'

export const blockContact = defineOperation({
  ...CHANGE,
  name: 'block_contact',
  title: 'Block a person',
  description:
    'Blocks a person, or unblocks them (blocked: false). A blocked person can neither write to nor call this account, and gets no notice of the block. Block only whom the user named.',
  tag: 'contacts',
  toolset: 'people',
  scope: 'manage',
  effect: 'write',
  repeatable: true,
  uses: ['block_person', 'find_number'],
  routes: [`PUT ${BLOCK}`, `DELETE ${BLOCK}`],
  fixed: { [`PUT ${BLOCK}`]: { blocked: true }, [`DELETE ${BLOCK}`]: { blocked: false } },
  input: z.strictObject({
    contact_id: contactIdInput,
    blocked: yesNo.default(true).describe('true: block; false: unblock. Default true.'),
  }),
  output: z.object({ ok, contact_id: z.string(), blocked: z.boolean() }),
  errors: [...CHANGE.errors, 'not_on_whatsapp'],
  example: { input: { contact_id: '15551234567', blocked: true } },
  brief: { text: ({ contact_id, blocked }) => `${blocked ? 'Blocked' : 'Unblocked'} ${contact_id}` },
  async run({ contact_id: person, blocked }, granted) {
    await perform('block_person', { person, blocked }, granted)
    return { ok: true as const, contact_id: person, blocked }
  },
})

const Blocked = z.object({ id: z.string().describe('JID of the person.'), name: writtenByPeople(z.string()) })

export const listBlocked = defineOperation({
  name: 'list_blocked',
  title: 'List blocked people',
  description:
    'Lists the people whom this account has blocked, as WhatsApp Web has them now. {{block_contact}} unblocks them.',
  tag: 'contacts',
  toolset: 'people',
  needs: 'ready',
  scope: 'read',
  effect: 'read',
  uses: ['read_blocked'],
  routes: ['GET /api/blocked'],
  input: z.strictObject({}),
  output: z.object({ ok, count: z.int(), blocked: z.array(Blocked), next_cursor: onePage }),
  errors: [...ASKING_ERRORS],
  limitMs: 30_000,
  example: { input: {} },
  brief: { text: ({ count, blocked }) => lines(`${count} blocked`, blocked.map(named)) },
  async run(_, granted) {
    const people = await perform('read_blocked', {}, granted)
    const blocked = await Promise.all(people.map((id) => nameOf(id, granted)))
    const shown = blocked.filter((one) => one !== null)
    return { ok: true as const, count: shown.length, blocked: shown, next_cursor: null }
  },
})

/** Null for a person whom the caller does not see. */
async function nameOf(id: Jid, { reader, seesAll }: Pick<Grant, 'reader' | 'seesAll'>) {
  try {
    const { contact } = await reader().getContact(id)
    return { id: contact.id, name: contact.name }
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'contact_not_found') throw error
    return seesAll ? { id, name: id.replace(/^(\d+)@c\.us$/, '+$1') } : null
  }
}

/** For all lookups of one call; one takes up to 10 s. */
const LOOKUP_MS = 18_000

const Checked = z.object({
  phone_number: z.string(),
  on_whatsapp: z.boolean().nullable().describe('null: it was not looked up.'),
  id: z.string().nullable().describe('JID of the person; null if the number is not on WhatsApp.'),
  not_checked: z.literal(true).optional().describe('The time was up before: ask again for this number.'),
})

export const checkNumbers = defineOperation({
  name: 'check_numbers',
  title: 'Look up phone numbers',
  description:
    'Tells which phone numbers are on WhatsApp, with the id of each person, in order. If the time was up before a number, its result is not_checked: call again with those. Each is looked up at most once a day, slowly: WhatsApp restricts accounts that look up many strangers. Look up only numbers that the user named.',
  tag: 'contacts',
  toolset: 'people',
  needs: 'ready',
  scope: 'read',
  effect: 'read',
  uses: ['find_number'],
  routes: ['POST /api/numbers/check'],
  input: z.strictObject({
    phone_numbers: z
      .array(phoneNumberInput)
      .min(1)
      .max(50)
      .describe('The numbers, 1 to 50, with country code.'),
  }),
  output: z.object({ ok, count: z.int(), results: z.array(Checked) }),
  errors: [...ASKING_ERRORS],
  limitMs: 30_000,
  example: { input: { phone_numbers: ['+1 555 123 4567'] } },
  brief: {
    text: ({ count, results }) =>
      lines(
        counted(count, 'number'),
        results.map(({ phone_number, on_whatsapp, id, not_checked }) => {
          const where = id === null ? '' : ` [${id}]`
          return `${phone_number}: ${not_checked ? 'not checked, ask again' : `${on_whatsapp ? '' : 'not '}on WhatsApp${where}`}`
        }),
      ),
  },
  async run({ phone_numbers }, { numbers, reader, clock }) {
    const endsAt = clock.now() + LOOKUP_MS
    /** WhatsApp may name the person by a LID; this server names people by their number. */
    const byNumber = async (one: PhoneNumber, id: Jid | null) => {
      if (id === null || phoneOf(id) !== null) return id
      const known = (await reader().recipientAt(id))?.id
      return known !== undefined && phoneOf(known) !== null ? known : toJid(`${one}@c.us`)
    }
    const found = new Map<string, Jid | null>()
    for (const one of new Set(phone_numbers)) {
      // What is known then is returned: the rest is asked for again.
      if (clock.now() >= endsAt) break
      found.set(one, await byNumber(one, await numbers.find(one)))
    }
    const results = phone_numbers.map((phone_number) => {
      const id = found.get(phone_number)
      if (id === undefined) return { phone_number, on_whatsapp: null, id: null, not_checked: true as const }
      return { phone_number, on_whatsapp: id !== null, id }
    })
    return { ok: true as const, count: results.length, results }
  },
})
