/** `stdio` by itself, for the .mcpb bundle: to the server that was named, with nothing else of the program around it. */
import { listenerAt } from '../same-user.ts'
import { toServerUrl } from './server-url.ts'
import { stdio } from './stdio.ts'
import { namedServer } from './stdio-named.ts'

const named = process.env.WHATSAPP_MCP_URL?.trim() || 'http://127.0.0.1:8790'
const url = toServerUrl(named)
// Read in what an app of another maker runs: whatever its Node is, a wrong address is told and not thrown.
if (url !== null) {
  // Few change the address that it comes with, so a server here has to be the user's own, whoever takes the port first.
  const openServer = () => namedServer(url, () => listenerAt(url) !== 'foreign')
  process.exitCode = await stdio({ openServer, idleMs: null })
} else {
  process.stderr.write(
    `WHATSAPP_MCP_URL=${JSON.stringify(named)} is no address: write it like http://127.0.0.1:8790\n`,
  )
  process.exitCode = 2
}
process.exit()
