/** What the session says about itself: the seven documented states and the facts beside them. */
import { z } from 'zod'
import { counted } from './counted.ts'

export const SESSION_STATES = [
  'stopped',
  'starting',
  'qr',
  'authenticated',
  'ready',
  'auth_failure',
  'disconnected',
] as const

export type SessionState = (typeof SESSION_STATES)[number]

/** Why the session is in its state, for programs. `null` where the state says it all. */
export const REASONS = [
  'logged_out',
  'start_failed',
  'qr_expired',
  'link_refused',
  'passkey_required',
  'conflict',
  'blocked',
  'offline',
  'crashed',
  'not_responding',
  'ready_timeout',
  'not_linked',
] as const

export type Reason = (typeof REASONS)[number]

export const Account = z.object({
  wid: z.string().describe("The account's own JID."),
  pushname: z.string().nullable(),
  platform: z.string().nullable().describe('The phone\'s platform, for example "android" or "iphone".'),
})
export type Account = z.infer<typeof Account>

/** How far the archive is with what WhatsApp Web has. */
export const SYNC_PHASES = ['waiting', 'chats', 'catching_up', 'history', 'done'] as const

export const SyncProgress = z.object({
  phase: z
    .enum(SYNC_PHASES)
    .describe(
      'chats: lists are read; catching_up: what came meanwhile; history: older messages, newest chats first; done.',
    ),
  chats_done: z.int().min(0).describe('Chats of this phase that are done.'),
  chats_total: z.int().min(0),
  messages: z.int().min(0).describe('Messages added since the connection.'),
})
export type SyncProgress = z.infer<typeof SyncProgress>

/** The same for people, one sentence; null where nothing is under way. */
export function describeSync(sync: SyncProgress | null): string | null {
  const done = `${sync?.chats_done} of ${counted(sync?.chats_total ?? 0, 'chat')}, ${counted(sync?.messages ?? 0, 'message')} so far.`
  switch (sync?.phase) {
    case 'chats':
      return 'Reading the list of chats…'
    case 'catching_up':
      return `Fetching what came meanwhile: ${done}`
    case 'history':
      return `Fetching older messages: ${done}`
    default:
      return null
  }
}

/** The body of `GET /api/status`, and of every place that returns a status. */
export const Status = z.object({
  state: z.enum(SESSION_STATES),
  ready: z.boolean(),
  authenticated: z.boolean().describe('True from the state `authenticated` on.'),
  auth_dir: z.string().describe('Absolute path of the directory that holds the linked session.'),
  chrome_executable: z.string().describe('Absolute path of the browser; empty where none was found.'),
  headless: z.boolean(),
  has_qr: z.boolean().describe('A QR code that is still valid can be fetched at /qr.'),
  last_error: z.string().nullable(),
  account: Account.nullable(),
  linked: z.boolean().describe('A saved session exists, so a start needs no pairing.'),
  connected: z.boolean().describe('WhatsApp answers right now. Can be false for up to 30 s while `ready`.'),
  since_at: z.string().describe('When the session entered this state, ISO 8601 UTC.'),
  reason: z.enum(REASONS).nullable(),
  next_step: z
    .string()
    .nullable()
    .describe('What to do now, for people and agents; null where nothing is to do.'),
  pairing: z
    .object({ method: z.enum(['qr', 'code']), expires_at: z.string() })
    .nullable()
    .describe('What waits for the phone: a QR code or a pairing code, and until when.'),
  reconnect: z
    .object({ attempt: z.int().min(1), next_attempt_at: z.string() })
    .nullable()
    .describe('While a lost connection is won back: the number of the next attempt and its time.'),
  whatsapp_web_version: z.string().nullable(),
  sync: SyncProgress.nullable().describe(
    'While connected: how far the archive is with what WhatsApp Web has.',
  ),
  archive: z
    .object({
      file: z.string().describe('Absolute path.'),
      encrypted: z.boolean().describe('The file is encrypted, with the key of its owner.'),
      messages: z.int().min(0).nullable().describe('Null: it cannot be opened, `problem` says why.'),
      problem: z
        .string()
        .nullable()
        .describe(
          'Code of what is wrong with it, such as "archive_full" or "archive_damaged"; null: nothing.',
        ),
      stale_since: z
        .string()
        .nullable()
        .describe(
          'Nothing was missing until then, ISO 8601 UTC (1970: it never was complete yet); null while it is up to date, and while it cannot be opened (`messages` is null then).',
        ),
    })
    .nullable()
    .describe('The archive of chats and messages on this computer; null where no account was ever linked.'),
})
export type Status = z.infer<typeof Status>
