/** `whatsapp-mcp-api serve`: runs the server with the real WhatsApp. */
import { type Config, SETTINGS, serverUrl } from '../config.ts'
import { runServer } from './run-server.ts'
import { commandLineHere } from './words.ts'

/** The default URL of `auth`. */
const DEFAULT_URL = serverUrl(
  SETTINGS.WHATSAPP_MCP_HOST.fallback,
  Number(SETTINGS.WHATSAPP_MCP_PORT.fallback),
)

/**
 * Runs the server until a signal. Resolves with the exit code.
 * @param idleMinutes the server stops after this time without a client; 0: never
 */
export function serve(config: Config, idleMinutes: number): Promise<number> {
  return runServer({
    config,
    idleMs: idleMinutes === 0 ? null : idleMinutes * 60_000,
    onListening(url) {
      process.stdout.write(`
WhatsApp for your agents: ${url}
  link    open ${url}/qr and press Start, or run: ${commandLineHere(url === DEFAULT_URL ? 'auth' : `auth --url ${url}`)}
  status  ${url}/api/status
  API     ${url}/docs
`)
    },
  })
}
