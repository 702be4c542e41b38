/** Votes in polls. */
import type { WorldBallot, WorldMessage } from '../world-types.ts'
import type { Account } from './accounts.ts'
import { demandPerson } from './addresses.ts'
import { traceOf } from './changes.ts'
import type { Context } from './context.ts'
import { tell } from './telling.ts'
import { toWireMessage } from './wire-forms.ts'

/**
 * Replaces the whole choice of a person: numbers of options; empty: takes the vote back; null: one that no device can
 * decrypt. `by`: a phone number or address, or `me`. Throws for what is no poll, and for a choice that it does not allow.
 */
export function voteInPoll(
  context: Context,
  account: Account,
  { id, by, options }: { id: string; by: string; options: number[] | null },
): WorldMessage {
  const message = account.messages.get(id)
  const { poll } = message ?? {}
  if (!message || !poll || message.type === 'revoked') throw new Error(`${id} is no poll.`)
  const person = demandPerson(account, by)
  const isAllowed = (one: number) => poll.options[one] !== undefined
  if (options && (!options.every(isAllowed) || (!poll.multiple && options.length > 1)))
    throw new Error(`The poll ${id} does not allow this choice.`)
  const ballot: WorldBallot = { ...traceOf(context, person), options }
  const { [ballot.by]: _, ...others } = poll.votes ?? {}
  message.poll = {
    ...poll,
    votes: options === null || options.length === 0 ? others : { ...others, [ballot.by]: options },
    ballots: [...(poll.ballots ?? []).filter((one) => one.by !== ballot.by), ballot],
  }
  account.messages.put(message)
  tell(context, account, (device) => ({
    push: 'vote',
    message: toWireMessage(account, device, message),
    ballot,
  }))
  return message
}
