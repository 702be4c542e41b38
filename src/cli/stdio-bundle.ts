/** `stdio` alone, for the .mcpb bundle: connects to the server at WHATSAPP_MCP_URL with the key of WHATSAPP_API_KEY_FILE. */
import { listenerAt } from '../same-user.ts'
import { CommandError } from './exit-codes.ts'
import { keyFileOf, readKey } from './read-key.ts'
import { toServerUrl, WRONG_URL } from './server-url.ts'
import { stdio } from './stdio.ts'
import { namedServer } from './stdio-named.ts'

const named = process.env.WHATSAPP_MCP_URL?.trim() || 'http://127.0.0.1:8790'
const url = toServerUrl(named)
const key = tryReadKey()
// The bundle runs in another vendor's app, so a wrong URL is printed, not thrown, on every version of Node.
if (key === undefined) process.exitCode = 2
else if (url !== null) {
  // Most users keep the default URL. A server on this computer must belong to the user, so another user cannot take the port.
  const openServer = () => namedServer(url, () => listenerAt(url) !== 'foreign')
  process.exitCode = await stdio({ openServer, endpoint: '/mcp', key, idleMs: null })
} else {
  process.stderr.write(`${WRONG_URL.message} ${WRONG_URL.hint}\n`)
  process.exitCode = 2
}
process.exit()

/** Returns the key, or null if no file is named. Prints why a file cannot be used, and returns undefined. */
function tryReadKey(): string | null | undefined {
  try {
    return readKey(keyFileOf())
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    process.stderr.write(`${error.message}\n${error.hint}\n`)
    return undefined
  }
}
