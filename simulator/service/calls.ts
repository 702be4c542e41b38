/** Calls that ring on the account's devices. */
import { randomUUID } from 'node:crypto'
import type { WorldCall } from '../world-types.ts'
import type { Account } from './accounts.ts'
import type { Context } from './context.ts'
import { tell } from './telling.ts'

/** A person calls: every device rings. */
export function ring(
  context: Context,
  account: Account,
  call: Pick<WorldCall, 'from' | 'video' | 'group'>,
): WorldCall {
  const id = randomUUID().replaceAll('-', '').toUpperCase()
  return change(context, account, { id, ...call, state: 'ringing' })
}

/** The call ends: `rejected` by a device of the account, `missed` as its caller hangs up. Throws if it does not ring. */
export function endCall(
  context: Context,
  account: Account,
  id: string,
  state: 'rejected' | 'missed',
): WorldCall {
  const call = context.calls.get(id)
  if (call?.state !== 'ringing') throw new Error(`No call ${id} is ringing.`)
  return change(context, account, { ...call, state })
}

function change(context: Context, account: Account, call: WorldCall): WorldCall {
  context.calls.set(call.id, call)
  tell(context, account, () => ({ push: 'call', call }))
  context.changed()
  return call
}
