/** Operations on the accounts of this server. None of them has a tool. */
import { z } from 'zod'
import { fail } from '../errors.ts'
import { accountIdInput } from '../model/ids.ts'
import { proxyInput } from '../model/proxy.ts'
import { Status } from '../model/status.ts'
import { CONTROL_ERRORS, defineOperation } from './operation.ts'
import { onePage } from './reading.ts'

const nothing = z.strictObject({})
const label = z.string().trim().min(1).max(80).describe('Name for people, for example "Work phone".')

/** An account as the API returns it. */
export const Account = z.object({
  id: z.string().describe('Id of the account, as in its paths.'),
  label: z.string().nullable().describe('Name for people; null if none was set.'),
  proxy: z.string().nullable().describe('Proxy of its browser without credentials; null: none.'),
  status: Status,
})
const Accounts = z.object({
  ok: z.literal(true),
  count: z.int().min(0),
  accounts: z.array(Account),
  next_cursor: onePage,
})
const Changed = z.object({ ok: z.literal(true), account: Account })

/** The error codes of a path that names an account. */
export const ACCOUNT_ERRORS = ['account_not_found', 'account_unavailable', ...CONTROL_ERRORS] as const
const STARTS = ['browser_not_found', 'logout_in_progress', 'shutting_down'] as const

const row = { tool: null, tag: 'accounts', toolset: 'core', needs: 'nothing' } as const

export const listAccounts = defineOperation({
  ...row,
  name: 'list_accounts',
  title: 'List accounts',
  description:
    'Returns every account of this server with its status, `default` first. Never opens a browser.',
  effect: 'read',
  scope: 'read',
  isGlobal: true,
  routes: ['GET /api/accounts'],
  input: nothing,
  output: Accounts,
  errors: [...CONTROL_ERRORS],
  example: { input: {} },
  run(_, { accounts }) {
    const list = accounts.list()
    return { ok: true as const, count: list.length, accounts: list, next_cursor: null }
  },
})

export const addAccount = defineOperation({
  ...row,
  name: 'add_account',
  title: 'Add an account',
  description:
    'Adds an account without starting it. Then link it: open /accounts/{account}/qr, or call POST /api/accounts/{account}/auth/start.',
  effect: 'write',
  scope: 'admin',
  isGlobal: true,
  status: 201,
  routes: ['POST /api/accounts'],
  input: z.strictObject({ id: accountIdInput, label: label.optional(), proxy: proxyInput.optional() }),
  output: Changed,
  errors: ['account_exists', ...ACCOUNT_ERRORS],
  example: { input: { id: 'work', label: 'Work phone' } },
  run: async ({ id, label = null, proxy = null }, { accounts }) => ({
    ok: true as const,
    account: await accounts.add({ id, label, proxy }),
  }),
})

export const getAccount = defineOperation({
  ...row,
  name: 'get_account',
  title: 'One account',
  description: 'Returns one account with its status, in the form of the list.',
  effect: 'read',
  scope: 'read',
  routes: ['GET /api/accounts/{account}'],
  input: nothing,
  output: Accounts,
  errors: [...ACCOUNT_ERRORS],
  example: { input: {} },
  run: (_, { accounts, account }) => ({
    ok: true as const,
    count: 1,
    accounts: [accounts.view(account)],
    next_cursor: null,
  }),
})

export const changeAccount = defineOperation({
  ...row,
  name: 'change_account',
  title: 'Change an account',
  description:
    'Sets the label or the proxy of an account; null removes it. A session that runs restarts when its proxy changes.',
  effect: 'write',
  scope: 'admin',
  routes: ['PATCH /api/accounts/{account}'],
  input: z.strictObject({
    label: label.nullable().optional().describe('Name for people; null removes it.'),
    proxy: proxyInput
      .nullable()
      .optional()
      .describe('URL of a proxy, as for a new account; null removes it.'),
  }),
  output: Changed,
  errors: [...ACCOUNT_ERRORS, ...STARTS],
  limitMs: 28_000,
  example: { input: { label: 'Office phone' } },
  run: async ({ label, proxy }, { accounts, account }) => ({
    ok: true as const,
    account: await accounts.change(account, {
      ...(label === undefined ? {} : { label }),
      ...(proxy === undefined ? {} : { proxy }),
    }),
  }),
})

export const stopAccount = defineOperation({
  ...row,
  name: 'stop_account',
  title: 'Stop an account',
  description:
    'Closes the browser of the account. The device stays linked. The account stays stopped, also after a restart of the server, until a call starts it: {{restart_account}}, or POST /api/accounts/{account}/auth/start.',
  effect: 'write',
  scope: 'admin',
  repeatable: true,
  routes: ['POST /api/accounts/{account}/stop'],
  input: nothing,
  output: Changed,
  errors: [...ACCOUNT_ERRORS, 'logout_in_progress', 'shutting_down'],
  limitMs: 20_000,
  example: { input: {} },
  run: async (_, { accounts, account }) => ({ ok: true as const, account: await accounts.stop(account) }),
})

export const restartAccount = defineOperation({
  ...row,
  name: 'restart_account',
  title: 'Restart an account',
  description:
    'Closes the browser of the account and starts it again, without logging out. Returns at the first result, at the latest after 25 s.',
  effect: 'write',
  scope: 'admin',
  routes: ['POST /api/accounts/{account}/restart'],
  input: nothing,
  output: Changed,
  errors: [...ACCOUNT_ERRORS, ...STARTS],
  limitMs: 28_000,
  example: { input: {} },
  run: async (_, { accounts, account }) => ({ ok: true as const, account: await accounts.restart(account) }),
})

export const removeAccount = defineOperation({
  ...row,
  name: 'remove_account',
  title: 'Remove an account',
  description:
    'Logs the account out, closes it and deletes its profile. Its archive stays on the disk. To delete the archive too, set `archive` to `delete` and `confirm` to the id of the account. `default` cannot be removed.',
  effect: 'destroy',
  scope: 'admin',
  removesAccount: true,
  routes: ['DELETE /api/accounts/{account}'],
  input: z.strictObject({
    archive: z.literal('delete').optional().describe('`delete` deletes the archive too.'),
    confirm: z.string().optional().describe('Id of the account. Required to delete the archive.'),
  }),
  output: z.object({
    ok: z.literal(true),
    archive_deleted: z.boolean(),
    unlinked_remotely: z
      .boolean()
      .optional()
      .describe('False if WhatsApp could not be reached: the phone still lists this device.'),
  }),
  errors: ['account_in_use', ...ACCOUNT_ERRORS, 'shutting_down', 'outcome_unknown'],
  limitMs: 30_000,
  lateCode: 'outcome_unknown',
  example: { input: {} },
  async run({ archive, confirm }, { accounts, account }) {
    const isDeleted = archive === 'delete'
    if (isDeleted && confirm !== account)
      fail('invalid_input', { detail: '"confirm": must be the id of the account, to delete its archive.' })
    const unlinked = await accounts.remove(account, { archive: isDeleted })
    return {
      ok: true as const,
      archive_deleted: isDeleted,
      ...(unlinked === null ? {} : { unlinked_remotely: unlinked }),
    }
  },
})
