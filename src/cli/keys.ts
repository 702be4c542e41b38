/** `whatsapp-mcp-api keys list`, `create`, `change`, `rotate` and `revoke`: the keys of the running server. */
import { openApi, type Server } from './client.ts'
import { isConfirmed } from './consent.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { localTime } from './local-time.ts'
import { demandNewFile, withSecret } from './secret-file.ts'
import { print, printable } from './terminal.ts'

const LIMIT_MS = 10_000

type Key = {
  id: string
  name: string
  scopes: string[]
  accounts: string[] | null
  suspended: string[]
  toolsets: string[] | null
  chats: { only: string[] | null; hide: string[] } | null
  sends: { policy: string; chats: string[] } | null
  expires_at: string | null
  last_used_at: string | null
  old_secret_until: string | null
}
type One = { ok: true; key: Key }
type WithSecret = One & { secret: string }
type Flags = { json: boolean }

/** Prints a line for each key. Resolves with the exit code. */
export async function listKeys(server: Server, { json }: Flags): Promise<number> {
  const list = await openApi(server).get<{ keys: Key[] }>('/api/keys')
  print(json, list, list.keys.length === 0 ? 'There are no keys.\n' : list.keys.map(lineOf).join(''))
  return EXIT.ok
}

type CreateFlags = Flags & Limits & { out: string }
/** The flags for what a key may do. Empty: not given. */
type Limits = Record<
  'scopes' | 'accounts' | 'toolsets' | 'only' | 'hide' | 'sends' | 'sends-to' | 'expires',
  string
> & { 'all-chats'?: boolean }

/** Creates the key, and writes its secret to the file, or prints only the secret. Resolves with the exit code. */
export async function createKey(server: Server, name: string, flags: CreateFlags): Promise<number> {
  demandNewFile(flags.out)
  return withSecret(
    flags,
    ({ key }) => lineOf(key),
    () => openApi(server).post<WithSecret>('/api/keys', { name, ...limitsOf(flags) }, LIMIT_MS),
  )
}

/** Changes what the flags name. Resolves with the exit code. */
export async function changeKey(
  server: Server,
  id: string,
  { json, name, ...flags }: Flags & Limits & { name: string },
): Promise<number> {
  const api = openApi(server)
  const body = { ...(name === '' ? {} : { name }), ...limitsOf(flags) }
  if (Object.keys(body).length === 0)
    throw new CommandError(
      'No change is named.',
      'Set --name, --scopes, --accounts, --toolsets, --only, --hide, --all-chats, --sends or --expires.',
      EXIT.wrongSetting,
    )
  if ('chats' in body && body.chats !== null && (flags.only === '' || flags.hide === '')) {
    // The list that is not named stays.
    const { chats } = (await api.get<One>(pathOf(id))).key
    body.chats = { ...(chats?.only ? { only: chats.only } : {}), hide: chats?.hide ?? [], ...body.chats }
  }
  const done = await api.patch<One>(pathOf(id), body, LIMIT_MS)
  print(json, done, lineOf(done.key))
  return EXIT.ok
}

type RotateFlags = Flags & { out: string; 'overlap-s': number }

/** Replaces the secret, and writes the new one to the file, which may be the one of the previous secret, or prints only the secret. Resolves with the exit code. */
export function rotateKey(server: Server, id: string, flags: RotateFlags): Promise<number> {
  return withSecret(
    flags,
    ({ key }) => lineOf(key),
    () =>
      openApi(server).post<WithSecret>(`${pathOf(id)}/rotate`, { overlap_s: flags['overlap-s'] }, LIMIT_MS),
  )
}

/** Asks for confirmation unless `yes` is set, and revokes the key. Resolves with the exit code. */
export async function revokeKey(
  server: Server,
  id: string,
  { yes, json }: Flags & { yes: boolean },
): Promise<number> {
  const question = () => `Revoke the key ${printable(id)}? Its clients stop working.`
  if (!yes && !(await isConfirmed(`keys revoke ${id} --yes`, question))) return EXIT.failed
  print(json, await openApi(server).delete<{ ok: true }>(pathOf(id), LIMIT_MS), 'Revoked.\n')
  return EXIT.ok
}

function limitsOf({ scopes, accounts, toolsets, only, hide, sends, expires, ...more }: Limits): object {
  const { 'sends-to': sendsTo, 'all-chats': allChats = false } = more
  const chats = listsOf({ only, hide })
  const isLimited = Object.keys(chats).length > 0
  if (allChats && isLimited)
    throw new CommandError(
      '--all-chats removes the limits that --only and --hide set.',
      'Leave out one of them.',
      EXIT.wrongSetting,
    )
  // Chats to send to are those of the policy `only`; the server refuses them with another.
  const policy = sends === '' && sendsTo !== '' ? 'only' : sends
  return {
    ...listsOf({ scopes, accounts, toolsets }),
    ...(allChats ? { chats: null } : isLimited ? { chats } : {}),
    ...(policy === '' ? {} : { sends: sendsTo === '' ? policy : { policy, chats: split(sendsTo) } }),
    ...(expires === '' ? {} : { expires_at: expires }),
  }
}

const split = (text: string) => text.split(',').map((word) => word.trim())

/** The lists that are given, by name. */
function listsOf(given: Record<string, string>): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, text]) => (text === '' ? [] : [[name, split(text)]])),
  )
}

const pathOf = (id: string) => `/api/keys/${encodeURIComponent(id)}`

function lineOf({ id, name, scopes, accounts, suspended, toolsets, chats, sends, ...times }: Key): string {
  const facts = [
    printable(name),
    scopes.join('+'),
    accounts && `accounts ${accounts.join('+')}`,
    suspended.length > 0 ? `suspended ${suspended.join('+')}` : null,
    toolsets && `toolsets ${toolsets.join('+')}`,
    chats?.only ? `only chats ${chats.only.join('+')}` : null,
    chats !== null && chats.hide.length > 0 ? `not chats ${chats.hide.join('+')}` : null,
    sends && `sends ${[sends.policy, ...sends.chats].join(' ')}`,
    times.expires_at && `expires ${localTime(times.expires_at)}`,
    times.old_secret_until && `old secret until ${localTime(times.old_secret_until)}`,
    times.last_used_at === null ? 'never used' : `last used ${localTime(times.last_used_at)}`,
  ]
  return `${id.padEnd(17)} ${facts.filter((fact) => fact !== null).join(', ')}\n`
}
