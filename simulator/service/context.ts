/** Shared by all parts of the service: memory, time, randomness, faults, and the connected pages. */
import type { BuildFacts, Push, Registration } from '../wire.ts'
import type { WorldCall } from '../world-types.ts'
import type { Account, Accounts, Device } from './accounts.ts'
import type { Faults } from './faults.ts'
import type { MediaHost } from './media-host.ts'
import type { Clock } from './pace.ts'
import type { Random } from './random.ts'

/** One page's connection. */
export type Session = {
  readonly number: number
  /** What the page shows in its QR code, after a hello without credentials. */
  registration: Registration | null
  /** The link whose credentials the page presented. */
  link: { account: Account; device: Device } | null
  /** Set while the page is unlinked: the valid QR ref, and its secret; null when linking by code. */
  linking: { advSecret: string | null; ref: string | null; stop: () => void } | null
  /** Fault `passkey_required`: the account to link once the passkey is confirmed. */
  passkeyFor: Account | null
  /** True from the snapshot on: later messages are pushed. */
  live: boolean
  /** Ids of missed messages that this page receives as new ones on request. */
  late: string[]
  /**
   * New events that wait while the page receives missed data, in order: WhatsApp's server sends one queue.
   * Null: none wait.
   */
  held: Push[] | null
  /** Fault `half_open`: nothing arrives any more, on either side. */
  isDeaf: boolean
  send(push: Push): void
  /** Closes the connection. */
  cut(): void
}

export type PairingCode = { code: string; phone: string; session: Session; expiresAt: number }

export type Context = {
  accounts: Accounts
  clock: Clock
  random: Random
  faults: Faults
  /** The build for pages from the next load on. */
  build: BuildFacts
  /** Lifetime of a QR ref in ms; undefined: 60 s for the first, 20 s for the others. */
  qrTtlMs: number | undefined
  sessions: Set<Session>
  pairing: PairingCode | null
  /** Times of code requests, for the limit. */
  codeRequests: { phone: string; at: number }[]
  refusals: string[]
  /** See `WorldState.browserNames`. */
  browserNames: Set<string>
  mediaHost: MediaHost
  /** Messages whose media a client asked the phone to upload again. */
  reuploads: string[]
  calls: Map<string, WorldCall>
  /** What clients showed of themselves, oldest first; `chat` null: in general. */
  presences: { chat: string | null; state: string; at: number }[]
  /** Addresses that clients looked up. */
  lookups: string[]
  /** Chats of which a client asked the phone for more. */
  phoneAsked: string[]
  /** Devices that the next hello removes (they read status updates). */
  doomed: Set<string>
  /** Number of faults pushed to pages, and those that a page has not confirmed yet. */
  pushed: number
  unnoted: Map<number, () => void>
  /** Counts of pages that have not arrived. */
  uncounted: Map<number, (counts: { messages: number; inChats: number }) => void>
  /** By device id: changes while its page was not connected. */
  waiting: Map<string, Push[]>
  /**
   * Groups whose metadata is being requested, and those that wait for their turn (fault
   * `group_metadata_takes`).
   */
  groupQueue: { running: number; next: (() => void)[] }
  /** Notifies all subscribers of the world. */
  changed(): void
}

/** Sessions of one account's linked devices, in order of connection. */
export function sessionsOf(context: Context, account: Account, deviceId?: string): Session[] {
  return [...context.sessions].filter(
    ({ link }) => link?.account === account && (deviceId === undefined || link.device.id === deviceId),
  )
}
