/** The operation that returns the results of a poll. */
import { z } from 'zod'
import { detail, writtenByPeople } from '../model/fields.ts'
import { toJid } from '../model/ids.ts'
import { Message } from '../model/message.ts'
import { facts, indented, lines, named, quoted } from './brief.ts'
import { messageIdInput } from './inputs.ts'
import { ACTION, demandNotDeleted, EXAMPLE_POLL } from './message-actions.ts'
import { defineOperation } from './operation.ts'

const Voter = z.object({
  id: z.string(),
  name: writtenByPeople(z.string()),
  at: detail(z.string().describe('When this person last voted, ISO 8601 UTC.')),
})

type Ballot = { voter: z.input<typeof Voter>; chosen: readonly string[] | null }

export const getPollResults = defineOperation({
  ...ACTION,
  name: 'get_poll_results',
  title: 'Results of a poll',
  description:
    'Returns who voted for each option of a poll, as WhatsApp Web has it now. A person has one vote, the newest. unreadable_votes counts votes that could not be read: each may be for any option. Without a connection, `poll` of the message has the numbers of the archive.',
  effect: 'read',
  scope: 'read',
  toolset: 'messages',
  uses: ['read_votes', 'receive_votes'],
  routes: ['GET /api/messages/{message_id}/votes'],
  input: z.strictObject({ message_id: messageIdInput }),
  output: z.object({
    ok: z.literal(true),
    message_id: z.string(),
    question: writtenByPeople(z.string()),
    count: z.int().describe('Number of people whose vote could be read.'),
    options: z.array(z.object({ name: writtenByPeople(z.string()), votes: z.int(), voters: z.array(Voter) })),
    unreadable_votes: z.int(),
    untrusted: Message.shape.untrusted,
  }),
  lateCode: 'whatsapp_timeout',
  example: { input: { message_id: EXAMPLE_POLL } },
  brief: {
    text: ({ message_id, question, count, options, unreadable_votes, untrusted }) =>
      lines(
        `Poll ${quoted(question)} [${message_id}]: ${facts({ untrusted, people: count, 'unreadable votes': unreadable_votes || null })}`,
        options.flatMap(({ name, votes, voters }) => [
          `${quoted(name)}: ${votes}`,
          ...indented(voters.map(named)),
        ]),
      ),
  },
  async run({ message_id }, { reader, engine, status }) {
    const { id, keys, type } = await reader().quoted(message_id)
    demandNotDeleted(type)
    const votes = await engine.readVotes({ keys })
    const { poll, untrusted } = (await reader().getMessage(message_id, { before: 0, after: 0 })).message
    const names = new Set(poll?.options.map(({ name }) => name))
    const { account } = status()
    // A person may appear under two addresses: the newest vote counts.
    const ballots = new Map<string, Ballot>()
    for (const { voter, options, at } of votes.toSorted((one, other) => one.at - other.at)) {
      const address = voter ?? (account === null ? null : toJid(account.wid))
      if (address === null) continue
      const { id, name } = (await reader().recipientAt(address)) ?? { id: address, name: address }
      const chosen = options?.every((option) => names.has(option)) ? options : null
      ballots.set(id, { voter: { id, name, at: new Date(at).toISOString() }, chosen })
    }
    const all = [...ballots.values()]
    return {
      ok: true as const,
      message_id: id,
      question: poll?.question ?? '',
      count: all.filter(({ chosen }) => chosen !== null && chosen.length > 0).length,
      options: (poll?.options ?? []).map(({ name }) => {
        const voters = all.filter(({ chosen }) => chosen?.includes(name)).map(({ voter }) => voter)
        return { name, votes: voters.length, voters }
      }),
      unreadable_votes: all.filter(({ chosen }) => chosen === null).length,
      ...(untrusted ? { untrusted } : {}),
    }
  },
})
