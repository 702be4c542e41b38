/** `whatsapp-mcp-api status`: shows the status of the server and its session. */

import { counted } from '../model/counted.ts'
import { describeSync, type Status } from '../model/status.ts'
import { openApi, type Server } from './client.ts'
import { EXIT } from './exit-codes.ts'
import { plain } from './terminal.ts'
import { inWords } from './words.ts'

/** Prints the status. Resolves with the exit code. */
export async function status(server: Server, { json }: { json: boolean }): Promise<number> {
  const now = await openApi(server).get<Status>('/api/status')
  process.stdout.write(json ? `${JSON.stringify(now, null, 2)}\n` : renderStatus(now, server.url))
  return EXIT.ok
}

/** Renders the status for people: the state, then one line for each known fact. `url` is the server's URL. */
export function renderStatus(now: Status, url: string): string {
  const rows: (readonly [string, string | null])[] = [
    ['state', `${now.state}${now.state === 'ready' && !now.connected ? ', connection lost' : ''}`],
    ['since', now.since_at],
    ['account', now.account === null ? null : nameOf(now.account)],
    ['reason', now.reason],
    ['error', now.last_error],
    [
      'waiting',
      now.pairing === null ? null : `${WAITING[now.pairing.method]} until ${now.pairing.expires_at}`,
    ],
    [
      'reconnect',
      now.reconnect === null ? null : `attempt ${now.reconnect.attempt} at ${now.reconnect.next_attempt_at}`,
    ],
    ['archive', now.archive === null ? null : renderArchive(now.archive)],
    ['fetching', describeSync(now.sync)],
    ['next', now.next_step === null ? null : inWords(now.next_step, url)],
  ]
  const lines = rows.flatMap(([name, text]) => (text === null ? [] : [`${name.padEnd(10)} ${plain(text)}\n`]))
  return lines.join('')
}

function renderArchive({
  messages,
  encrypted,
  problem,
  stale_since,
}: NonNullable<Status['archive']>): string {
  if (messages === null)
    return `cannot be opened${encrypted ? ', encrypted' : ''}, ${problem}: see docs/archive.md`
  const kept = `${counted(messages, 'message')}${encrypted ? ', encrypted' : ''}`
  if (problem !== null) return `${kept}, ${problem}: see docs/archive.md`
  return stale_since === null ? kept : `${kept}, nothing missing until ${stale_since}`
}

const WAITING = { qr: 'a QR code', code: 'a pairing code' }

/** Returns the account's name and number, for people. */
export function nameOf({ wid, pushname }: NonNullable<Status['account']>): string {
  const number = `+${wid.split('@')[0]}`
  return plain(pushname === null ? number : `${pushname} (${number})`)
}
