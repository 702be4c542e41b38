/** `whatsapp-mcp-api serve`: the server, on the real WhatsApp. */
import type { Config } from '../config.ts'
import { runServer } from './run-server.ts'

/** Runs the server until a signal; resolves with the exit code. */
export function serve(config: Config): Promise<number> {
  return runServer({
    config,
    onListening(url) {
      process.stdout.write(
        `\nWhatsApp for your agents: ${url}\n  status  ${url}/api/status\n  QR      ${url}/qr\n`,
      )
    },
  })
}
