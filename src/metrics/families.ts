/** The table of metrics: `/metrics`, docs/metrics.md and the checks of deploy/grafana.json follow from it. */
import { statSync } from 'node:fs'
import type { Account } from '../accounts/account.ts'
import type { ControlStore } from '../control.ts'
import { SESSION_STATES } from '../model/status.ts'
import { VERSION } from '../version.ts'
import { RECEIVERS, type Receivers, secondsOf } from './receivers.ts'
import type { Counter, Durations, Sample, Stopwatch } from './tally.ts'

/** What the metrics are read from. */
export type Sources = Receivers & {
  control: Pick<ControlStore, 'outbox'>
  /** Absolute path of the control database. */
  controlFile: string
  transitions: Counter
  sends: Counter
  acks: Stopwatch
}

/**
 * One metric. Every sample about an account has the label `account`, its id. `ofAllChats`: it counts what happens in all chats, so
 * callers who do not see every chat do not get it.
 */
export type Family = { name: string; help: string; ofAllChats?: true } & (
  | { type: 'gauge' | 'counter'; read(from: Sources): Sample[] | Promise<Sample[]> }
  | { type: 'histogram'; read(from: Sources): Durations[] }
)

/** A value for each account; null: none. */
const each =
  (value: (account: Account, from: Sources) => number | boolean | null) =>
  (from: Sources): Sample[] =>
    from.accounts.flatMap((account) => {
      const found = value(account, from)
      return found === null ? [] : [{ labels: { account: account.id }, value: Number(found) }]
    })

/** The size of a database with its log; 0 if it is missing. */
function bytesOf(file: string): number {
  const parts = [file, `${file}-wal`].map((path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0)
  return parts.reduce((sum, size) => sum + size, 0)
}

export const FAMILIES: readonly Family[] = [
  {
    name: 'whatsapp_info',
    type: 'gauge',
    help: 'Version of the server and of Node. Always 1.',
    read: () => [{ labels: { version: VERSION, node: process.versions.node }, value: 1 }],
  },
  {
    name: 'whatsapp_session_state',
    type: 'gauge',
    help: '1 for the present state of the session, 0 for the others.',
    read: ({ accounts }) =>
      accounts.flatMap(({ id, session }) => {
        const now = session.status().state
        return SESSION_STATES.map((state) => ({
          labels: { account: id, state },
          value: Number(state === now),
        }))
      }),
  },
  {
    name: 'whatsapp_session_state_timestamp_seconds',
    type: 'gauge',
    help: 'When the session entered its state, Unix time.',
    read: each(({ session }) => secondsOf(session.status().since_at)),
  },
  {
    name: 'whatsapp_session_linked',
    type: 'gauge',
    help: '1 if a saved session exists.',
    read: each(({ session }) => session.status().linked),
  },
  {
    name: 'whatsapp_session_connected',
    type: 'gauge',
    help: '1 if WhatsApp responds.',
    read: each(({ session }) => session.status().connected),
  },
  {
    name: 'whatsapp_session_proven_timestamp_seconds',
    type: 'gauge',
    help: 'When the page and its connection to WhatsApp were last seen to work, Unix time. Missing before the first time.',
    read: each(({ session }) => {
      const { proven_at } = session.status()
      return proven_at === null ? null : secondsOf(proven_at)
    }),
  },
  {
    name: 'whatsapp_session_answered_timestamp_seconds',
    type: 'gauge',
    help: "When WhatsApp's server last answered a question or accepted a message, Unix time. Asked every 10 minutes while connected. Missing before the first time.",
    read: each(({ session }) => {
      const at = session.answeredAt()
      return at === null ? null : at / 1_000
    }),
  },
  {
    name: 'whatsapp_session_transitions_total',
    type: 'counter',
    help: 'Changes of the state, by the new state and its reason. `starting` counts the starts of the browser.',
    read: ({ transitions }) => transitions.samples(),
  },
  {
    name: 'whatsapp_session_restricted',
    type: 'gauge',
    help: '1 while WhatsApp restricts the account.',
    read: each(({ session }) => session.status().restriction !== null),
  },
  {
    name: 'whatsapp_sends_total',
    ofAllChats: true,
    type: 'counter',
    help: 'Sends that were settled, by operation, result (`sent`, `failed`, `unknown`) and error code.',
    read: ({ sends }) => sends.samples(),
  },
  {
    name: 'whatsapp_send_ack_seconds',
    ofAllChats: true,
    type: 'histogram',
    help: "Time from the call, or from the time that a send waited for, until WhatsApp's server accepted the message.",
    read: ({ acks }) => acks.durations(),
  },
  {
    name: 'whatsapp_outbox_items',
    ofAllChats: true,
    type: 'gauge',
    help: 'Items of the outbox that are not settled, by state.',
    async read({ accounts, control }) {
      const states = ['held', 'scheduled', 'sending', 'unknown']
      const all = await Promise.all(
        accounts.map(async ({ id }) => {
          const items = await control.outbox.open(id)
          return states.map((state) => ({
            labels: { account: id, state },
            value: items.filter((item) => item.state === state).length,
          }))
        }),
      )
      return all.flat()
    },
  },
  {
    name: 'whatsapp_event_readers',
    type: 'gauge',
    help: 'Open readers of the event log: event streams and MCP subscriptions.',
    read: each(({ archive }) => archive.events.lags().length),
  },
  {
    name: 'whatsapp_event_reader_lag_events',
    ofAllChats: true,
    type: 'gauge',
    help: 'Events that the slowest open reader has not read.',
    read: each(({ archive }) => Math.max(0, ...archive.events.lags())),
  },
  ...RECEIVERS,
  {
    name: 'whatsapp_archive_messages',
    ofAllChats: true,
    type: 'gauge',
    help: 'Messages in the archive.',
    read: each(({ session }) => session.status().archive?.messages ?? null),
  },
  {
    name: 'whatsapp_archive_bytes',
    ofAllChats: true,
    type: 'gauge',
    help: 'Size of the archive with its log.',
    read: each(({ session }) => {
      const { archive } = session.status()
      return archive === null ? null : bytesOf(archive.file)
    }),
  },
  {
    name: 'whatsapp_archive_stale_seconds',
    type: 'gauge',
    help: 'How long the archive has not been complete; 0 while it is up to date.',
    read: each(({ session }, { clock }) => {
      const { archive } = session.status()
      if (archive === null || archive.problem !== null) return null
      return archive.stale_since === null ? 0 : clock.now() / 1_000 - secondsOf(archive.stale_since)
    }),
  },
  {
    name: 'whatsapp_archive_problem',
    type: 'gauge',
    help: '1 if the archive cannot be opened or written.',
    read: each(({ session }) => (session.status().archive?.problem ?? null) !== null),
  },
  {
    name: 'whatsapp_control_bytes',
    ofAllChats: true,
    type: 'gauge',
    help: 'Size of the control database with its log.',
    read: ({ controlFile }) => [{ labels: {}, value: bytesOf(controlFile) }],
  },
  {
    name: 'whatsapp_browser_memory_bytes',
    type: 'gauge',
    help: 'Memory of the browser of the account with its helpers. Missing without a browser.',
    read: each(({ session }) => session.status().memory?.browser_bytes ?? null),
  },
  {
    name: 'whatsapp_capability',
    type: 'gauge',
    help: 'What the build of WhatsApp Web offers: 1 for the state of each ability (`works`, `broken`, `unknown`).',
    read: ({ accounts }) =>
      accounts.flatMap(({ id, session }) =>
        Object.entries(session.abilities().abilities).map(([ability, { state }]) => ({
          labels: { account: id, ability, state },
          value: 1,
        })),
      ),
  },
]
