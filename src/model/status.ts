/** The status of a session: the seven documented states and the facts beside them. */
import { z } from 'zod'
import { counted } from './counted.ts'
import { detail, serverText, writtenByPeople } from './fields.ts'
import { Memory } from './memory.ts'
import { Restriction } from './restriction.ts'

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

/** Why the session is in its state, for programs. `null` if there is no particular reason. */
export const REASONS = [
  'logged_out',
  'start_failed',
  'qr_expired',
  'link_refused',
  'passkey_required',
  'conflict',
  'blocked',
  'unsupported',
  'offline',
  'crashed',
  'not_responding',
  'ready_timeout',
  'not_linked',
  'stopped',
  'queued',
  'memory',
] as const

export type Reason = (typeof REASONS)[number]

export const Account = z.object({
  wid: z.string().describe("The account's own JID."),
  pushname: writtenByPeople(z.string().nullable()),
  platform: z.string().nullable().describe('Platform of the phone, for example "android" or "iphone".'),
})
export type Account = z.infer<typeof Account>

/** The phases in which the archive fetches what WhatsApp Web has. */
export const SYNC_PHASES = ['waiting', 'chats', 'catching_up', 'history', 'done'] as const

export const SyncProgress = z.object({
  phase: z
    .enum(SYNC_PHASES)
    .describe(
      'chats: reads the lists of chats and contacts; catching_up: fetches messages that came while disconnected; history: fetches older messages, newest chats first; done.',
    ),
  chats_done: z.int().min(0).describe('Chats that this phase has finished.'),
  chats_total: z.int().min(0),
  messages: z.int().min(0).describe('Messages added since the session connected.'),
  failed_chats: z
    .array(z.string())
    .describe(
      'Chats that WhatsApp Web cannot read now: the archive may lack messages of them. Each is tried again.',
    ),
})
export type SyncProgress = z.infer<typeof SyncProgress>

/** Returns the progress as one sentence, or null if nothing is being fetched. */
export function describeSync(sync: SyncProgress | null): string | null {
  const done = `${sync?.chats_done} of ${counted(sync?.chats_total ?? 0, 'chat')}, ${counted(sync?.messages ?? 0, 'message')} so far.`
  switch (sync?.phase) {
    case 'chats':
      return 'Reading the list of chats…'
    case 'catching_up':
      return `Fetching messages that came while disconnected: ${done}`
    case 'history':
      return `Fetching older messages: ${done}`
    default:
      return null
  }
}

/** The body of `GET /api/status`, and of every response that includes a status. */
export const Status = z.object({
  state: z.enum(SESSION_STATES),
  ready: detail(z.boolean()),
  authenticated: detail(z.boolean().describe('True from the state `authenticated` on.')),
  auth_dir: detail(z.string().describe('Absolute path of the directory with the saved session.')),
  chrome_executable: detail(z.string().describe('Absolute path of the browser; empty if none was found.')),
  headless: detail(z.boolean()),
  has_qr: z.boolean().describe('True if /qr has a valid QR code.'),
  last_error: writtenByPeople(z.string().nullable()),
  account: Account.nullable(),
  linked: z.boolean().describe('True if a saved session exists: a start needs no QR code or pairing code.'),
  connected: z
    .boolean()
    .describe('True if WhatsApp responds now. Can be false for up to 30 s while `ready`.'),
  since_at: z.string().describe('When the session entered this state, ISO 8601 UTC.'),
  proven_at: detail(
    z
      .string()
      .nullable()
      .describe(
        'When WhatsApp Web and its connection were last seen to work (checked every 30 s while `ready`), ISO 8601 UTC.',
      ),
  ),
  reason: z.enum(REASONS).nullable(),
  next_step: serverText(
    z.string().nullable().describe('What to do now, for people and agents; null if there is nothing to do.'),
  ),
  pairing: z
    .object({ method: z.enum(['qr', 'code', 'passkey']), expires_at: z.string() })
    .nullable()
    .describe(
      'The QR code or pairing code that the phone can use now, or the passkey that a person must confirm in the browser window, and when it expires.',
    ),
  reconnect: z
    .object({ attempt: z.int().min(1), next_attempt_at: z.string() })
    .nullable()
    .describe('While the session reconnects: number and time of the next attempt.'),
  whatsapp_web_version: detail(z.string().nullable()),
  restriction: detail(
    Restriction.nullable().describe('What WhatsApp does not let this account do now; null if nothing.'),
  ),
  memory: detail(
    Memory.nullable().describe('Memory that is used, sampled every 30 s; null while no browser is ready.'),
  ),
  control_problem: detail(
    z
      .string()
      .nullable()
      .describe(
        'Error code if the control database, which lists the accounts of the server, cannot be opened; null if there is no problem.',
      ),
  ),
  rules_problem: detail(
    z
      .string()
      .optional()
      .describe(
        'What is wrong with the rules file, for callers with the scope admin; missing if nothing is.',
      ),
  ),
  sync: SyncProgress.nullable().describe(
    'While connected: how much the archive has fetched from WhatsApp Web.',
  ),
  archive: z
    .object({
      file: detail(z.string().describe('Absolute path.')),
      encrypted: detail(z.boolean().describe('True if the file is encrypted.')),
      messages: z
        .int()
        .min(0)
        .nullable()
        .describe('Null if the archive cannot be opened (`problem` says why), or you do not see every chat.'),
      unknown_messages: detail(
        z
          .int()
          .min(0)
          .nullable()
          .describe(
            'Messages of unknown kinds, and those that could not be read: each is kept, as a placeholder.',
          ),
      ),
      problem: z
        .string()
        .nullable()
        .describe('Error code, such as "archive_full" or "archive_damaged"; null if there is no problem.'),
      checking: z
        .boolean()
        .describe('True while the file is checked, as after a crash. Reading and writing work meanwhile.'),
      stale_since: z
        .string()
        .nullable()
        .describe(
          'The archive is complete up to this time, ISO 8601 UTC (1970: it was never complete). Null while it is up to date, and while it cannot be opened (then `messages` is null too).',
        ),
    })
    .nullable()
    .describe('The archive of chats and messages on this computer; null if no account was ever linked.'),
})
export type Status = z.infer<typeof Status>
