/** What linked devices do to messages that exist. The server checks again what the page checks. */
import type { MessageAct, Requests } from '../wire.ts'
import type { WorldMessage } from '../world-types.ts'
import type { Account, Device } from './accounts.ts'
import { findPerson } from './addresses.ts'
import {
  editMessage,
  pinMessage,
  reactToMessage,
  removeMessages,
  revokeMessage,
  starMessage,
} from './changes.ts'
import type { Context } from './context.ts'
import { voteInPoll } from './polls.ts'

/** Seconds in which phones accept an edit (whatsmeow: EditWindow), and a deletion for everyone (60 h, and 12 h more). */
const editWindow = 1_200
const revokeWindow = 72 * 3_600

type Act<K extends MessageAct['kind']> = Extract<MessageAct, { kind: K }>
/** Applies the act; throws if the server refuses it. */
type Acts = {
  [K in MessageAct['kind']]: (
    context: Context,
    account: Account,
    message: WorldMessage,
    act: Act<K>,
  ) => unknown
}

const acts: Acts = {
  react: (context, account, { id }, { emoji }) => reactToMessage(context, account, { id, by: 'me', emoji }),
  edit(context, account, message, { text, mentions }) {
    demand(message.fromMe && age(context, message) <= editWindow)
    const named = mentions.flatMap((address) => findPerson(account, address) ?? [])
    const jids = named.map(({ phone }) => `${phone}@c.us`)
    editMessage(context, account, message.id, text, jids)
  },
  revoke(context, account, message) {
    demand(age(context, message) <= revokeWindow)
    revokeMessage(context, account, message.id, 'me')
  },
  delete: (context, account, { id }) => removeMessages(context, account, [id]),
  star: (context, account, { id }, { starred }) => starMessage(context, account, { id, starred }),
  vote: (context, account, { id }, { options }) => voteInPoll(context, account, { id, by: 'me', options }),
  pin: (context, account, { id }, { seconds }) => pinMessage(context, account, { id, by: 'me', seconds }),
}

const age = (context: Context, { t }: WorldMessage): number => context.clock.now() - t

function demand(isAllowed: boolean): void {
  if (!isAllowed) throw new Error('the server refuses this')
}

/** Nobody acts in a group that they left, nor on a message that is not there. */
function messageFor(account: Account, id: string): WorldMessage {
  const message = account.messages.get(id)
  if (!message) throw new Error(`No message ${id}.`)
  demand(account.groups.get(message.chat)?.left !== true)
  return message
}

/** Applies what a device does to a message. The response names no reason, as the real one does not. */
export async function takeAct(
  context: Context,
  { account }: { account: Account; device: Device },
  id: string,
  act: MessageAct,
): Promise<Requests['act']['answer']> {
  await context.clock.wait('stanza')
  if (context.faults.isOn('act_fails')) return { result: 'ERROR_UNKNOWN' }
  try {
    const run: (...given: [Context, Account, WorldMessage, never]) => unknown = acts[act.kind]
    Reflect.apply(run, undefined, [context, account, messageFor(account, id), act])
  } catch {
    return { result: 'ERROR_UNKNOWN' }
  }
  return context.faults.isOn('act_hangs') ? new Promise(() => {}) : { result: 'OK' }
}
