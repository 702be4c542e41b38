/** `whatsapp-mcp-api serve`: the server, on the real WhatsApp. */
import { type Config, SETTINGS, serverUrl } from '../config.ts'
import { runServer } from './run-server.ts'
import { typed } from './words.ts'

/** Where `auth` looks if nothing is said. */
const DEFAULT_URL = serverUrl(
  SETTINGS.WHATSAPP_MCP_HOST.fallback,
  Number(SETTINGS.WHATSAPP_MCP_PORT.fallback),
)

/**
 * Runs the server until a signal; resolves with the exit code.
 * @param idleMinutes it ends once no client has asked for anything for so long; 0: it does not
 */
export function serve(config: Config, idleMinutes: number): Promise<number> {
  return runServer({
    config,
    idleMs: idleMinutes === 0 ? null : idleMinutes * 60_000,
    onListening(url) {
      process.stdout.write(`
WhatsApp for your agents: ${url}
  link    open ${url}/qr and press Start, or: ${typed(url === DEFAULT_URL ? 'auth' : `auth --url ${url}`)}
  status  ${url}/api/status
  calls   ${url}/docs
`)
    },
  })
}
