/** The daily check: a message of the account to itself shows that sending works, also while nobody sends anything. */
import type { Clock } from '../clock.ts'
import type { ControlStore } from '../control.ts'
import type { Log } from '../log.ts'
import { type AccountId, toJid } from '../model/ids.ts'
import type { Session } from '../session/session.ts'
import type { Outbox } from './outbox.ts'

/** The caller and the operation of these messages. */
export const CANARY = 'daily_check'
const TEXT = 'Daily check of whatsapp-mcp-api: this server can send.'
const LOOK_MS = 3_600_000

export type CanaryOptions = {
  account: AccountId
  store: Pick<ControlStore['outbox'], 'byRequest'>
  outbox: Pick<Outbox, 'send'>
  session: Pick<Session, 'status'>
  clock: Clock
  log: Log
}

/**
 * Sends one message in each day (UTC), at the first full hour of this server at which the session is connected and not restricted.
 * What follows from a missing ack is the same as for every message. Returns the function that stops it.
 */
export function startCanary({ account, store, outbox, session, clock, log }: CanaryOptions): () => void {
  let cancel = plan()

  function plan(): () => void {
    return clock.after(LOOK_MS, () => {
      cancel = plan()
      void look().catch((error) => log.warn({ err: error }, 'the daily check was not accepted by WhatsApp'))
    })
  }

  async function look(): Promise<void> {
    const { connected, restriction, account: linked } = session.status()
    if (!connected || restriction !== null || linked === null) return
    const key = new Date(clock.now()).toISOString().slice(0, 10)
    const before = await store.byRequest({ caller: CANARY, account, operation: CANARY, key })
    if (before !== null) return
    const to = { id: toJid(linked.wid), name: 'You' }
    await outbox.send(
      { operation: CANARY, to, outgoing: { kind: 'text', text: TEXT } },
      { caller: CANARY, request: key, reason: null, releaseAtMs: null },
    )
    log.info('the daily check was accepted by WhatsApp')
  }

  return () => cancel()
}
