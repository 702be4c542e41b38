/** What every part of the service shares: memory, time, chance, faults, and the pages that are connected now. */
import type { BuildFacts, Push, Registration } from '../wire.ts'
import type { Account, Accounts, Device } from './accounts.ts'
import type { Faults } from './faults.ts'
import type { Clock } from './pace.ts'
import type { Random } from './random.ts'

/** One page's connection. */
export type Session = {
  readonly number: number
  /** What the page shows in its QR, once it said hello without credentials. */
  registration: Registration | null
  /** The link whose credentials the page presented. */
  link: { account: Account; device: Device } | null
  /** Set while the page is unlinked: the QR ref that counts now, and its secret; null when linked by code. */
  linking: { advSecret: string | null; ref: string | null; stop: () => void } | null
  /** Fault `passkey_required`: the account that the phone would have linked, once the passkey is confirmed. */
  passkeyFor: Account | null
  /** True from the snapshot on: later messages are pushed. */
  live: boolean
  /** Ids of messages that this page missed and gets as new ones when it asks for them. */
  late: string[]
  /** What is new while the page is still given what it missed, in order: WhatsApp's server hands out one queue. Null: nothing waits. */
  held: Push[] | null
  send(push: Push): void
  /** Cut the connection. */
  cut(): void
}

export type PairingCode = { code: string; phone: string; session: Session; expiresAt: number }

export type Context = {
  accounts: Accounts
  clock: Clock
  random: Random
  faults: Faults
  /** Served to pages from the next load on. */
  build: BuildFacts
  /** ms that a QR ref lives; undefined: 60 s the first, 20 s each further. */
  qrTtlMs: number | undefined
  sessions: Set<Session>
  pairing: PairingCode | null
  /** When codes were asked for, for the limit. */
  codeRequests: { phone: string; at: number }[]
  refusals: string[]
  /** Devices that the next hello removes (fault `status_risky`). */
  doomed: Set<string>
  /** Faults pushed to pages so far, and those that a page has not confirmed yet. */
  pushed: number
  unnoted: Map<number, () => void>
  /** By device id: changes that happened while its page had lost the connection. */
  waiting: Map<string, Push[]>
  /** Groups whose metadata is being asked for, and those that wait for their turn (fault `group_metadata_takes`). */
  groupQueue: { running: number; next: (() => void)[] }
  /** Tell everybody who watches the world. */
  changed(): void
}

/** Sessions of one account's linked devices, in the order in which they connected. */
export function sessionsOf(context: Context, account: Account, deviceId?: string): Session[] {
  return [...context.sessions].filter(
    ({ link }) => link?.account === account && (deviceId === undefined || link.device.id === deviceId),
  )
}
