/** `whatsapp-mcp-api logout`: unlinks this device, after a confirmation. */
import { DEFAULT_ACCOUNT } from '../model/ids.ts'
import type { Status } from '../model/status.ts'
import { openApi, type Server } from './client.ts'
import { isConfirmed } from './consent.ts'
import { EXIT } from './exit-codes.ts'
import { nameOf } from './status.ts'
import { jsonLines } from './terminal.ts'
import { inWords } from './words.ts'

/** The server needs 30 s at most. */
const LOGOUT_MS = 35_000

type LoggedOut = { unlinked_remotely?: boolean; hint?: string }

/** Asks for confirmation unless `yes` is set, logs out, and prints the result. */
export async function logout(
  server: Server,
  { yes, json }: { yes: boolean; json: boolean },
): Promise<number> {
  const api = openApi(server)
  const isDefault = api.account === DEFAULT_ACCOUNT
  const line = `logout --yes${isDefault ? '' : ` --account ${api.account}`}`
  const question = async () => {
    const { account, linked } = await api.get<Status>('/api/status')
    const who = account === null ? (linked ? 'the saved session' : 'the session') : nameOf(account)
    const where = isDefault ? '' : ` of the account ${api.account}`
    return `Log out ${who}${where}? To link again you need the phone.`
  }
  if (!yes && !(await isConfirmed(line, question))) return EXIT.failed
  const done = await api.post<LoggedOut>('/api/logout', {}, LOGOUT_MS)
  if (json) process.stdout.write(jsonLines(done))
  else process.stdout.write(`${describe(done)}\n`)
  return EXIT.ok
}

function describe({ unlinked_remotely, hint }: LoggedOut): string {
  if (unlinked_remotely === undefined) return 'No account was linked.'
  return unlinked_remotely ? 'Logged out.' : `Logged out here. ${inWords(hint ?? '')}`.trim()
}
