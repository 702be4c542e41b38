/** The metrics of what receives events: of each webhook, and of each rule. */
import type { Account } from '../accounts/account.ts'
import type { Clock } from '../clock.ts'
import type { ReceiverView, Receiving } from '../webhooks/receiver.ts'
import type { Family } from './families.ts'
import type { Sample } from './tally.ts'

/** What these metrics are read from. */
export type Receivers = {
  /** The accounts that are open. */
  accounts: readonly Account[]
  webhooks: { list(): Promise<ReceiverView<Receiving, string>[]> }
  rules: { list(): Promise<ReceiverView<Receiving & { rule: { name: string } }, string>[]> }
  clock: Pick<Clock, 'now'>
}

type EventLog = ReturnType<Account['archive']['events']['log']>
type View = Omit<ReceiverView<Receiving, string>, 'last'>
type Named = { name: string; view: View }
/** A value of a receiver. `log`: that of its account; `place`: its position in it. */
type Value = { help: string } & (
  | { now(view: View): number }
  | { inLog(log: EventLog, place: number, clock: Receivers['clock']): Promise<number> | number }
)

/** Returns the Unix time in seconds of an ISO time. */
export const secondsOf = (time: string) => Date.parse(time) / 1_000

const LISTS: Record<'webhook' | 'rule', (from: Receivers) => Promise<Named[]>> = {
  webhook: async ({ webhooks }) => (await webhooks.list()).map((view) => ({ name: view.row.id, view })),
  rule: async ({ rules }) => (await rules.list()).map((view) => ({ name: view.row.rule.name, view })),
}

/** By the end of the name. `RECEIVER` stands for `webhook` or `rule`. */
const VALUES: Record<string, Value> = {
  lag_events: {
    help: 'Events of the log that a RECEIVER has not read. Events that a failing chat holds are in whatsapp_RECEIVER_failing_chats.',
    inLog: (log, place) => log.last() - place,
  },
  lag_seconds: {
    help: 'Age of the oldest event that a RECEIVER has not read; 0 if it has read all.',
    async inLog(log, place, clock) {
      const { events } = await log.readEvents(place, { kinds: null, chat: null }, 1, null)
      const [oldest] = events
      return oldest === undefined ? 0 : Math.max(0, clock.now() / 1_000 - secondsOf(oldest.at))
    },
  },
  failing_chats: { help: 'Chats in which a delivery fails now.', now: ({ failing }) => failing },
  dead_deliveries: { help: 'Deliveries that are not tried again.', now: ({ dead }) => dead },
  paused: { help: '1 if the RECEIVER is paused.', now: ({ row }) => Number(row.paused !== null) },
}

export const RECEIVERS: readonly Family[] = (['webhook', 'rule'] as const).flatMap((kind) =>
  Object.entries(VALUES).map(
    ([end, value]): Family => ({
      name: `whatsapp_${kind}_${end}`,
      ofAllChats: true,
      type: 'gauge',
      help: value.help.replaceAll('RECEIVER', kind),
      async read(from) {
        const all = await LISTS[kind](from)
        const samples = all.map(async ({ name, view }): Promise<Sample[]> => {
          const account = from.accounts.find(({ id }) => id === view.row.account)
          const found = account === undefined ? null : await valueFor(value, view, account, from.clock)
          return found === null ? [] : [{ labels: { account: view.row.account, [kind]: name }, value: found }]
        })
        return (await Promise.all(samples)).flat()
      },
    }),
  ),
)

/** Returns the value; null if it is in the log, and the log is not open. */
async function valueFor(value: Value, view: View, account: Account, clock: Receivers['clock']) {
  if ('now' in value) return value.now(view)
  try {
    const log = account.archive.events.log()
    return await value.inLog(log, log.fromText(view.row.place), clock)
  } catch {
    // No account is linked, or the cursor is of another archive: the receiver is paused then.
    return null
  }
}
