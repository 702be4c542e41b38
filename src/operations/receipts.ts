/** The operation that returns who got and read a message. */
import { z } from 'zod'
import { writtenByPeople } from '../model/fields.ts'
import { toIsoSecond } from '../model/times.ts'
import { facts, lines, named } from './brief.ts'
import { messageIdInput } from './inputs.ts'
import { ACTION, demandNotDeleted, EXAMPLE_ID } from './message-actions.ts'
import { defineOperation } from './operation.ts'

const time = z.string().optional()

const Person = z.object({
  id: z.string(),
  name: writtenByPeople(z.string()),
  delivered_at: time.describe('ISO 8601 UTC; missing if it is not known.'),
  read_at: time,
  played_at: time,
})

export const getReceipts = defineOperation({
  ...ACTION,
  name: 'get_receipts',
  title: 'Receipts of a message',
  description:
    'Returns who got, read and played a message of this account, and when, as far as WhatsApp Web knows; waiting is the number of people who have not got it. In groups only the latest of the three times is known. People can switch read receipts off.',
  effect: 'read',
  scope: 'read',
  toolset: 'messages',
  uses: ['read_receipts'],
  routes: ['GET /api/messages/{message_id}/receipts'],
  input: z.strictObject({ message_id: messageIdInput }),
  output: z.object({
    ok: z.literal(true),
    message_id: z.string(),
    count: z.int().describe('Number of people in the list.'),
    people: z.array(Person),
    waiting: z.int().describe('Number of people who have not got the message.'),
  }),
  lateCode: 'whatsapp_timeout',
  example: { input: { message_id: EXAMPLE_ID } },
  brief: {
    text: ({ message_id, count, people, waiting }) =>
      lines(
        `Receipts of ${message_id}: ${count} people, ${waiting} waiting`,
        people.map(
          ({ delivered_at, read_at, played_at, ...person }) =>
            `${named(person)}: ${facts({ delivered: delivered_at, read: read_at, played: played_at })}`,
        ),
      ),
  },
  async run({ message_id }, { reader, engine }) {
    const { id, keys, type } = await reader().quoted(message_id)
    demandNotDeleted(type)
    const { people: receipts, waiting } = await engine.readReceipts({ keys })
    const people = await Promise.all(
      receipts.map(async ({ person, deliveredAt, readAt, playedAt }) => {
        const known = await reader().recipientAt(person)
        return {
          id: known?.id ?? person,
          name: known?.name ?? person,
          ...(deliveredAt === null ? {} : { delivered_at: toIsoSecond(deliveredAt) }),
          ...(readAt === null ? {} : { read_at: toIsoSecond(readAt) }),
          ...(playedAt === null ? {} : { played_at: toIsoSecond(playedAt) }),
        }
      }),
    )
    return { ok: true as const, message_id: id, count: people.length, people, waiting }
  },
})
