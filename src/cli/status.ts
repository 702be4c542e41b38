/** `whatsapp-mcp-api status`: shows the status of the server and its session. */

import { counted } from '../model/counted.ts'
import { DEFAULT_ACCOUNT } from '../model/ids.ts'
import { describeSync, type Status } from '../model/status.ts'
import { readAccounts } from './account-list.ts'
import { type Api, ApiError, openApi, type Server } from './client.ts'
import { EXIT } from './exit-codes.ts'
import { localSecond, localTime } from './local-time.ts'
import { jsonLines, printable } from './terminal.ts'
import { inWords } from './words.ts'

type StatusFlags = { json: boolean; account: string }

/** Prints the status of the account, or of every account if none was named. Resolves with the exit code. */
export async function status(server: Server, { json, account }: StatusFlags): Promise<number> {
  const api = openApi(server)
  const now = await api.get<Status>('/api/status')
  if (json) process.stdout.write(jsonLines(now))
  else if (account !== '' || api.account !== DEFAULT_ACCOUNT)
    process.stdout.write(renderStatus(now, server.url))
  else process.stdout.write(await renderAll(api, now))
  return EXIT.ok
}

/** Renders every account, each under its id if there are several. */
async function renderAll(api: Api, now: Status): Promise<string> {
  try {
    const accounts = await readAccounts(api)
    if (accounts.length < 2) return renderStatus(now, api.url)
    return accounts.map(({ id, status }) => `[${id}]\n${renderStatus(status, api.url)}`).join('\n')
  } catch (error) {
    // The other accounts are unknown without the control database.
    if (!(error instanceof ApiError)) throw error
    const { detail, code, hint } = error.problem
    return `${renderStatus(now, api.url)}${'accounts'.padEnd(10)} ${printable(`${detail} (${code}) ${inWords(hint, api.url)}`)}\n`
  }
}

/** Renders the status for people: the state, then one line for each known fact. `url` is the server's URL. */
export function renderStatus(now: Status, url: string): string {
  const rows: (readonly [string, string | null])[] = [
    ['state', `${now.state}${now.state === 'ready' && !now.connected ? ', connection lost' : ''}`],
    ['since', localSecond(now.since_at)],
    ['account', now.account === null ? null : nameOf(now.account)],
    ['reason', now.reason],
    ['error', now.last_error],
    [
      'waiting',
      now.pairing === null
        ? null
        : `${WAITING[now.pairing.method]} until ${localSecond(now.pairing.expires_at)}`,
    ],
    [
      'reconnect',
      now.reconnect === null
        ? null
        : `attempt ${now.reconnect.attempt} at ${localSecond(now.reconnect.next_attempt_at)}`,
    ],
    ['archive', now.archive === null ? null : renderArchive(now.archive)],
    ['rules', now.rules_problem === undefined ? null : `the rules file is not used: ${now.rules_problem}`],
    ['fetching', describeSync(now.sync)],
    ['next', now.next_step === null ? null : inWords(now.next_step, url)],
  ]
  const lines = rows.flatMap(([name, text]) =>
    text === null ? [] : [`${name.padEnd(10)} ${printable(text)}\n`],
  )
  return lines.join('')
}

function renderArchive({
  messages,
  encrypted,
  problem,
  stale_since,
}: NonNullable<Status['archive']>): string {
  if (messages === null && problem !== null)
    return `cannot be opened${encrypted ? ', encrypted' : ''}, ${problem}: see docs/archive.md`
  const kept = `${messages === null ? 'messages' : counted(messages, 'message')}${encrypted ? ', encrypted' : ''}`
  if (problem !== null) return `${kept}, ${problem}: see docs/archive.md`
  return stale_since === null ? kept : `${kept}, nothing missing until ${localTime(stale_since)}`
}

const WAITING = { qr: 'a QR code', code: 'a pairing code', passkey: 'a passkey' }

/** Returns the account's name and number, for people. */
export function nameOf({ wid, pushname }: NonNullable<Status['account']>): string {
  const number = `+${wid.split('@')[0]}`
  return printable(pushname === null ? number : `${pushname} (${number})`)
}
