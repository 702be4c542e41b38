/** Operations on the link: server information, status, start, pairing code and logout. */
import { z } from 'zod'
import { serverText, shortOf } from '../model/fields.ts'
import { phoneNumberInput } from '../model/ids.ts'
import { Status } from '../model/status.ts'
import { lines } from './brief.ts'
import { statusText } from './brief-status.ts'
import { defineOperation } from './operation.ts'

const nothing = z.strictObject({})

const card = (mcp: string) => ({ ok: true as const, name: 'whatsapp-mcp-api' as const, mcp })

export const getServer = defineOperation({
  name: 'get_server',
  // whatsapp_status returns the same facts.
  tool: null,
  title: 'Server information',
  tag: 'link',
  description:
    'Returns the name of the server, the URL of its MCP endpoint, and the session status. Without a key where one is required, it returns no status. Never opens the browser.',
  effect: 'read',
  scope: 'read',
  toolset: 'core',
  needs: 'nothing',
  routes: ['GET /', 'GET /health'],
  input: nothing,
  output: z.object({
    ok: z.literal(true),
    name: z.literal('whatsapp-mcp-api'),
    mcp: z.string(),
    status: Status.optional(),
  }),
  errors: [],
  example: { input: {} },
  card,
  run: (_, { status, mcpUrl }) => ({ ...card(mcpUrl), status: status() }),
})

export const getStatus = defineOperation({
  name: 'get_status',
  tool: 'whatsapp_status',
  documented: { tokens: 550, each: 'answer' },
  title: 'Session status',
  tag: 'link',
  description:
    'Returns the state of the link: state, account, and the next step. Never opens the browser. Call this first if anything fails.',
  effect: 'read',
  scope: 'read',
  toolset: 'core',
  needs: 'nothing',
  routes: ['GET /api/status'],
  input: nothing,
  output: Status,
  errors: [],
  example: { input: {} },
  brief: { text: statusText },
  run: (_, { status }) => status(),
})

export const startAuth = defineOperation({
  name: 'start_auth',
  documented: { tokens: 550, each: 'answer' },
  title: 'Start the session',
  tag: 'link',
  description:
    'Launches the browser and connects. If no account is linked, a QR code appears at /qr. Safe to call again: a call during a start waits for that start. Returns the status at the first result (QR code, ready, or a failure), at the latest after 25 s.',
  effect: 'write',
  scope: 'admin',
  toolset: 'core',
  repeatable: true,
  needs: 'nothing',
  uses: ['link', 'link_device'],
  routes: ['POST /api/auth/start'],
  input: nothing,
  output: Status,
  errors: ['browser_not_found', 'logout_in_progress', 'shutting_down'],
  limitMs: 28_000,
  example: { input: {} },
  brief: { text: statusText },
  async run(_, { session, status }) {
    await session.start()
    return status()
  },
})

export const requestPairingCode = defineOperation({
  name: 'pairing_code',
  documented: { tokens: 550, each: 'answer' },
  title: 'Pairing code',
  tag: 'link',
  description:
    'Links without scanning: returns 8 characters to type on the phone, valid for about three minutes. Starts the session if necessary.',
  effect: 'write',
  scope: 'admin',
  toolset: 'core',
  needs: 'nothing',
  uses: ['link', 'pairing_code'],
  routes: ['POST /api/pairing-code'],
  input: z.strictObject({ phone_number: phoneNumberInput }),
  output: z.union([
    z.object({
      already_authenticated: z.literal(false),
      phone_number: z.string().describe('The phone number as digits.'),
      code: z.string().describe('The 8 characters to type on the phone.'),
      instructions: z.string(),
      expires_at: z.string(),
    }),
    z.object({ already_authenticated: z.literal(true), code: z.null(), status: Status }),
  ]),
  errors: [
    'session_exists',
    'pairing_refused',
    'pairing_rate_limited',
    'start_failed',
    'not_supported_by_whatsapp_web',
    'starting',
    'browser_not_found',
    'logout_in_progress',
    'shutting_down',
    'whatsapp_error',
    'whatsapp_timeout',
  ],
  limitMs: 60_000,
  example: { input: { phone_number: '+1 555 000 1000' } },
  brief: {
    shape: z.object({
      already_authenticated: z.boolean(),
      phone_number: z.string().optional(),
      code: z.string().nullable(),
      instructions: z.string().optional(),
      expires_at: z.string().optional(),
      status: shortOf(Status).optional(),
    }),
    text: ({ already_authenticated, phone_number, code, instructions, expires_at, status }) =>
      lines(
        already_authenticated && 'An account is already linked: no code is needed',
        code !== null && `Code for ${phone_number}: ${code}, valid until ${expires_at}`,
        instructions,
        status && statusText(status),
      ),
  },
  async run({ phone_number }, { session, status }) {
    const made = await session.requestPairingCode(phone_number)
    if (made === null) return { already_authenticated: true as const, code: null, status: status() }
    return {
      already_authenticated: false as const,
      phone_number,
      code: made.code,
      instructions:
        'On the phone: WhatsApp > Linked devices > Link a device > Link with phone number instead. Then type the code.',
      expires_at: made.expiresAt.toISOString(),
    }
  },
})

export const logout = defineOperation({
  name: 'logout',
  documented: { tokens: 25, each: 'answer' },
  title: 'Log out',
  tag: 'link',
  description:
    'Unlinks this device from WhatsApp, closes the browser and deletes the saved session. Linking again needs the phone. Succeeds if nothing runs.',
  effect: 'destroy',
  scope: 'admin',
  toolset: 'core',
  repeatable: true,
  needs: 'nothing',
  uses: ['log_out'],
  routes: ['POST /api/logout'],
  input: nothing,
  output: z.object({
    ok: z.literal(true),
    unlinked_remotely: z
      .boolean()
      .optional()
      .describe('False if WhatsApp could not be reached: the phone still lists this device.'),
    hint: serverText(z.string().optional()),
  }),
  errors: ['shutting_down', 'outcome_unknown'],
  limitMs: 30_000,
  lateCode: 'outcome_unknown',
  example: { input: {} },
  brief: {
    text: ({ unlinked_remotely, hint }) =>
      lines(
        'Logged out',
        unlinked_remotely === true && 'WhatsApp unlinked this device',
        unlinked_remotely === false && 'WhatsApp could not be reached: the phone still lists this device',
        hint,
      ),
  },
  async run(_, { session }) {
    const isUnlinked = await session.logout()
    if (isUnlinked === null) return { ok: true as const }
    if (isUnlinked) return { ok: true as const, unlinked_remotely: true }
    return {
      ok: true as const,
      unlinked_remotely: false,
      hint: 'Remove this device on the phone: WhatsApp > Linked devices > this device > Log out.',
    }
  },
})
