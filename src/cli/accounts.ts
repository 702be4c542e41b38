/** `whatsapp-mcp-api accounts list`, `add`, `change`, `stop`, `restart` and `remove`: the accounts of the running server. */
import { readFileSync } from 'node:fs'
import { toPath } from '../home.ts'
import { type AccountView, readAccounts } from './account-list.ts'
import { openApi, type Server } from './client.ts'
import { isConfirmed } from './consent.ts'
import { errnoOf } from './errno.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { nameOf } from './status.ts'
import { print, printable } from './terminal.ts'
import { commandLineHere, quote } from './words.ts'

/** The server closes a browser within 20 s, restarts within 28 s, and removes an account within 60 s. */
const LIMIT_MS = 65_000

/** Prints a line for each account. Resolves with the exit code. */
export async function listAccounts(server: Server, { json }: { json: boolean }): Promise<number> {
  const accounts = await readAccounts(openApi(server))
  print(json, { ok: true, count: accounts.length, accounts }, accounts.map(lineOf).join(''))
  return EXIT.ok
}

type LabelFlags = { label: string; 'proxy-file': string; json: boolean }
type AddFlags = LabelFlags & { 'key-file': string }

/** Adds the account and prints it. Resolves with the exit code. */
export async function addAccount(server: Server, id: string, flags: AddFlags): Promise<number> {
  const { label, 'proxy-file': file, 'key-file': key, json } = flags
  const body = {
    id,
    ...(label === '' ? {} : { label }),
    ...(file === '' ? {} : { proxy: firstLine(file) }),
  }
  const done = await openApi(server).post<{ account: AccountView }>('/api/accounts', body, LIMIT_MS)
  const where = server.isNamed ? ` --url ${quote(server.url)}` : ''
  const line = `auth --account ${id}${where}${key === '' ? '' : ` --key-file ${quote(key)}`}`
  print(json, done, `Added. To link it: ${commandLineHere(line)}\n`)
  return EXIT.ok
}

type ChangeFlags = LabelFlags & { 'no-label': boolean; 'no-proxy': boolean }

/** Changes label and proxy of the account as the flags say, and prints it. Resolves with the exit code. */
export async function changeAccount(server: Server, id: string, flags: ChangeFlags): Promise<number> {
  const { label, 'proxy-file': file, 'no-label': noLabel, 'no-proxy': noProxy, json } = flags
  const body = {
    ...(noLabel ? { label: null } : label === '' ? {} : { label }),
    ...(noProxy ? { proxy: null } : file === '' ? {} : { proxy: firstLine(file) }),
  }
  if (Object.keys(body).length === 0)
    throw new CommandError(
      'No change is named.',
      'Set --label, --no-label, --proxy-file or --no-proxy.',
      EXIT.wrongSetting,
    )
  const path = `/api/accounts/${encodeURIComponent(id)}`
  const done = await openApi(server).patch<{ account: AccountView }>(path, body, LIMIT_MS)
  print(json, done, lineOf(done.account))
  return EXIT.ok
}

/** Stops the account and prints it. Resolves with the exit code. */
export function stopAccount(server: Server, id: string, flags: { json: boolean }): Promise<number> {
  return act(server, id, 'stop', flags)
}

/** Restarts the account and prints it. Resolves with the exit code. */
export function restartAccount(server: Server, id: string, flags: { json: boolean }): Promise<number> {
  return act(server, id, 'restart', flags)
}

async function act(server: Server, id: string, what: string, { json }: { json: boolean }): Promise<number> {
  const path = `/api/accounts/${encodeURIComponent(id)}/${what}`
  const done = await openApi(server).post<{ account: AccountView }>(path, {}, LIMIT_MS)
  print(json, done, lineOf(done.account))
  return EXIT.ok
}

type RemoveFlags = { 'delete-archive': boolean; yes: boolean; json: boolean }

/** Asks for confirmation unless `yes` is set, removes the account, and prints the result. Resolves with the exit code. */
export async function removeAccount(server: Server, id: string, flags: RemoveFlags): Promise<number> {
  const { 'delete-archive': withArchive, yes, json } = flags
  const line = `accounts remove ${id} --yes${withArchive ? ' --delete-archive' : ''}`
  const what = withArchive ? 'its profile and its archive' : 'its profile'
  const question = () => `Log out the account ${printable(id)} and delete ${what}?`
  if (!yes && !(await isConfirmed(line, question))) return EXIT.failed
  const query = withArchive ? `?${new URLSearchParams({ archive: 'delete', confirm: id })}` : ''
  const path = `/api/accounts/${encodeURIComponent(id)}${query}`
  const done = await openApi(server).delete<{ unlinked_remotely?: boolean }>(path, LIMIT_MS)
  const left = done.unlinked_remotely === false ? ' The phone still lists this device: remove it there.' : ''
  print(json, done, `Removed.${left}\n`)
  return EXIT.ok
}

function lineOf({ id, label, status: { state, reason, account } }: AccountView): string {
  const facts = [state, reason === state ? null : reason, account && nameOf(account), label]
  return `${id.padEnd(12)} ${printable(facts.filter((fact) => fact !== null).join(', '))}\n`
}

function firstLine(file: string): string {
  try {
    const [line = ''] = readFileSync(file === '-' ? 0 : toPath(file), 'utf8').split('\n')
    return line.trim()
  } catch (error) {
    throw new CommandError(
      `${file} cannot be read (${errnoOf(error) ?? error}).`,
      'Name a file whose first line is the URL of the proxy.',
      EXIT.wrongSetting,
      { cause: error },
    )
  }
}
