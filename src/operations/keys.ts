/** Operations on keys. None of them has a tool: an agent must not change what agents may do. */
import { z } from 'zod'
import type { KeyRow } from '../control.ts'
import { fail } from '../errors.ts'
import { accountIdInput, type Jid } from '../model/ids.ts'
import { POLICIES } from '../model/policy.ts'
import type { Sight } from '../model/sight.ts'
import { toIsoMs } from '../model/times.ts'
import { TOOLSET_NAMES } from '../model/toolsets.ts'
import { SCOPES } from './call.ts'
import { chatIdInput, MOST_LISTED, momentInput, whole, wordList } from './inputs.ts'
import { CONTROL_ERRORS, defineOperation } from './operation.ts'
import { onePage } from './reading.ts'

const MOST_OVERLAP_S = 7 * 24 * 3_600

/** Ids or phone numbers of chats. */
const chatInputs = z.array(chatIdInput).max(MOST_LISTED)

const facts = {
  name: z.string().trim().min(1).max(80).describe('Name for people, for example "Claude on my laptop".'),
  scopes: wordList(z.enum(SCOPES)).describe(
    'What callers may do. `read`: readings. `send`: messages, status updates, edits, deletions, reactions, votes and pins. `manage`: read receipts, and changes of chats, groups, contacts, the profile and the archive. `admin`: all of these, and linking, logging out, accounts, keys, webhooks, rules, the audit log, and decisions about the outbox.',
  ),
  accounts: wordList(accountIdInput).describe(
    'The accounts that callers may use. Not together with the scope `admin`.',
  ),
  toolsets: wordList(z.enum(TOOLSET_NAMES)).describe('The toolsets that MCP clients may use.'),
  chats: z
    .strictObject({ only: chatInputs.optional(), hide: chatInputs.optional() })
    .describe(
      'The chats that callers see, by id or phone number: `only` allows just these chats, `hide` excludes these chats. Other chats do not exist for the key. Not together with the scope `admin`.',
    ),
  sends: z
    .union([
      z.enum(POLICIES).transform((policy) => ({ policy, chats: [] as Jid[] })),
      z.strictObject({ policy: z.enum(POLICIES), chats: chatInputs.default([]) }),
    ])
    .refine(
      ({ policy, chats }) => (policy === 'only') === chats.length > 0,
      'needs chats with the policy only, and takes none with others',
    )
    .describe(
      'To whom callers may send without your approval. `open`: to everyone. `known`: to chats that you know; messages to others wait in the outbox. `confirm`: every message waits. `{"policy": "only", "chats": [...]}`: to these chats alone. `off`: to nobody.',
    ),
  expires_at: momentInput.describe('When the key becomes invalid, ISO 8601 with offset.'),
}
const keyId = z.string().max(64).describe('Id of the key, for example "key_0a1b2c3d4e5f".')

const Key = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  accounts: z.array(z.string()).nullable().describe('Null: all accounts.'),
  suspended: z
    .array(z.string())
    .describe(
      'Those of `accounts` that the key cannot use, because they were logged out or another number was linked. Set `accounts` again to continue them.',
    ),
  toolsets: z.array(z.enum(TOOLSET_NAMES)).nullable().describe('Null: those of the settings.'),
  chats: z
    .object({ only: z.array(z.string()).nullable(), hide: z.array(z.string()) })
    .nullable()
    .describe('Null: all chats.'),
  sends: z
    .object({ policy: z.enum(POLICIES), chats: z.array(z.string()) })
    .nullable()
    .describe('Null: over REST to everyone; over MCP as WHATSAPP_MCP_SENDS says.'),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  last_used_at: z.string().nullable(),
  old_secret_until: z
    .string()
    .nullable()
    .describe('The secret before the last rotation is valid until then.'),
})
const One = z.object({ ok: z.literal(true), key: Key })
const WithSecret = One.extend({
  secret: z.string().describe('The key that callers send. It is returned only in this response.'),
})

/** The next step of a client that missed a secret. */
const SHOWN_ONCE = 'GET /api/keys lists the keys. To get a new secret: POST /api/keys/{key_id}/rotate.'
const row = {
  tool: null,
  tag: 'keys',
  toolset: 'core',
  scope: 'admin',
  needs: 'nothing',
  isGlobal: true,
} as const
const ONE_ERRORS = ['key_not_found', ...CONTROL_ERRORS] as const
const CHANGE_ERRORS = ['key_in_settings', ...ONE_ERRORS] as const
const example = { key_id: 'key_0a1b2c3d4e5f' }

export const listKeys = defineOperation({
  ...row,
  name: 'list_keys',
  title: 'List keys',
  description:
    'Returns every key without its secret, oldest first. The key of the settings has the id `settings`.',
  effect: 'read',
  routes: ['GET /api/keys'],
  input: z.strictObject({
    account: accountIdInput
      .optional()
      .describe('Only keys that name this account, and keys of all accounts.'),
  }),
  output: z.object({
    ok: z.literal(true),
    count: z.int().min(0),
    keys: z.array(Key),
    next_cursor: onePage,
  }),
  errors: [...CONTROL_ERRORS],
  example: { input: {} },
  async run({ account }, { keys }) {
    const all = await keys.list()
    const list = all
      .filter(({ accounts }) => account === undefined || (accounts?.includes(account) ?? true))
      .map(toKey)
    return { ok: true as const, count: list.length, keys: list, next_cursor: null }
  },
})

export const addKey = defineOperation({
  ...row,
  name: 'add_key',
  title: 'Create a key',
  description:
    'Creates a key and returns its secret, once. Only a hash of it is stored. Callers send it as Authorization: Bearer SECRET, or as X-API-Key.',
  effect: 'write',
  status: 201,
  routes: ['POST /api/keys'],
  input: z.strictObject({
    name: facts.name,
    scopes: facts.scopes,
    accounts: facts.accounts.optional(),
    toolsets: facts.toolsets.optional(),
    chats: facts.chats.optional(),
    sends: facts.sends.optional(),
    expires_at: facts.expires_at.optional(),
  }),
  output: WithSecret,
  shownOnce: SHOWN_ONCE,
  errors: [...CONTROL_ERRORS],
  example: { input: { name: 'Claude on my laptop', scopes: ['read'] } },
  async run({ name, scopes, accounts = null, toolsets = null, expires_at = null, ...more }, { keys, clock }) {
    const chats = toSight(more.chats ?? null)
    const sends = more.sends ?? null
    const expiresAtMs = toFuture(expires_at, clock.now())
    checkReach({ scopes, accounts, chats })
    const made = await keys.add({
      name,
      scopes: distinct(scopes),
      accounts,
      toolsets,
      chats,
      sends,
      expiresAtMs,
    })
    return { ok: true as const, key: toKey(made.key), secret: made.secret }
  },
})

export const getKey = defineOperation({
  ...row,
  name: 'get_key',
  title: 'One key',
  description: 'Returns one key without its secret.',
  effect: 'read',
  routes: ['GET /api/keys/{key_id}'],
  input: z.strictObject({ key_id: keyId }),
  output: One,
  errors: [...ONE_ERRORS],
  example: { input: example },
  run: async ({ key_id }, { keys }) => ({ ok: true as const, key: toKey(await keys.get(key_id)) }),
})

export const changeKey = defineOperation({
  ...row,
  name: 'change_key',
  title: 'Change a key',
  description:
    'Changes the given fields of a key; null removes a limit. Accounts that are set again are not suspended any more. If more than the name changes, open streams and MCP sessions of the key end, and clients open them again.',
  effect: 'write',
  routes: ['PATCH /api/keys/{key_id}'],
  input: z.strictObject({
    key_id: keyId,
    name: facts.name.optional(),
    scopes: facts.scopes.optional(),
    accounts: facts.accounts.nullable().optional(),
    toolsets: facts.toolsets.nullable().optional(),
    chats: facts.chats.nullable().optional(),
    sends: facts.sends.nullable().optional(),
    expires_at: facts.expires_at.nullable().optional(),
  }),
  output: One,
  errors: [...CHANGE_ERRORS],
  example: { input: { ...example, scopes: ['read', 'send'] } },
  async run({ key_id, name, scopes, accounts, toolsets, chats, sends, expires_at }, { keys, clock }) {
    const before = await keys.get(key_id)
    checkReach({
      scopes: scopes ?? before.scopes,
      accounts: accounts === undefined ? before.accounts : accounts,
      chats: chats === undefined ? before.chats : toSight(chats),
    })
    const key = await keys.change(key_id, {
      ...(name === undefined ? {} : { name }),
      ...(scopes === undefined ? {} : { scopes: distinct(scopes) }),
      ...(accounts === undefined ? {} : { accounts }),
      ...(toolsets === undefined ? {} : { toolsets }),
      ...(chats === undefined ? {} : { chats: toSight(chats) }),
      ...(sends === undefined ? {} : { sends }),
      ...(expires_at === undefined ? {} : { expiresAtMs: toFuture(expires_at, clock.now()) }),
    })
    return { ok: true as const, key: toKey(key) }
  },
})

export const rotateKey = defineOperation({
  ...row,
  name: 'rotate_key',
  title: 'Rotate a key',
  description:
    'Replaces the secret of a key and returns the new one, once. The previous secret is valid for `overlap_s` more seconds; then its open streams and MCP sessions end.',
  effect: 'write',
  routes: ['POST /api/keys/{key_id}/rotate'],
  input: z.strictObject({
    key_id: keyId,
    overlap_s: whole(0, MOST_OVERLAP_S)
      .default(0)
      .describe('Seconds for which the previous secret stays valid, 0 to 604800. Default 0.'),
  }),
  output: WithSecret,
  shownOnce: SHOWN_ONCE,
  errors: [...CHANGE_ERRORS],
  example: { input: { ...example, overlap_s: 3600 } },
  async run({ key_id, overlap_s }, { keys }) {
    const made = await keys.rotate(key_id, overlap_s)
    return { ok: true as const, key: toKey(made.key), secret: made.secret }
  },
})

export const removeKey = defineOperation({
  ...row,
  name: 'remove_key',
  title: 'Revoke a key',
  description: 'Deletes a key. Its secret is invalid at once, and its open streams and MCP sessions end.',
  effect: 'destroy',
  routes: ['DELETE /api/keys/{key_id}'],
  input: z.strictObject({ key_id: keyId }),
  output: z.object({ ok: z.literal(true) }),
  errors: [...CHANGE_ERRORS],
  example: { input: example },
  async run({ key_id }, { keys }) {
    await keys.remove(key_id)
    return { ok: true as const }
  },
})

function toKey({
  id,
  name,
  scopes,
  accounts,
  suspended,
  toolsets,
  chats,
  sends,
  ...times
}: KeyRow): z.input<typeof Key> {
  return {
    id,
    name,
    scopes,
    accounts,
    suspended,
    toolsets,
    chats: chats && { only: chats.only && [...chats.only], hide: [...chats.hide] },
    sends: sends && { policy: sends.policy, chats: [...sends.chats] },
    created_at: toIsoMs(times.createdAtMs),
    expires_at: toIsoMs(times.expiresAtMs),
    last_used_at: toIsoMs(times.usedAtMs),
    old_secret_until: toIsoMs(times.old?.untilMs ?? null),
  }
}

/** @throws AppError `invalid_input` if the time has passed */
function toFuture(ms: number | null, now: number): number | null {
  if (ms !== null && ms <= now) fail('invalid_input', { detail: '"expires_at": must be in the future.' })
  return ms
}

const distinct = <T>(list: readonly T[]): T[] => [...new Set(list)]

/** Null if nothing is limited. */
function toSight(chats: z.output<typeof facts.chats> | null): Sight | null {
  const { only = null, hide = [] } = chats ?? {}
  return only === null && hide.length === 0 ? null : { only, hide }
}

/** An admin key can create keys without limits, so it cannot be limited. @throws AppError `invalid_input` if it has a limit */
function checkReach({ scopes, ...limits }: Pick<KeyRow, 'scopes' | 'accounts' | 'chats'>): void {
  const [name] = Object.entries(limits).find(([, limit]) => limit !== null) ?? []
  if (scopes.includes('admin') && name !== undefined)
    fail('invalid_input', {
      detail: `"${name}": cannot limit a key with the scope admin, which can create keys without limits.`,
      hint: `Leave out \`${name}\`, or use the scopes read, send and manage.`,
    })
}
