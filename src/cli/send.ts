/** `whatsapp-mcp-api send`: sends a text through the running server. */
import { text } from 'node:stream/consumers'
import { openApi, type Server } from './client.ts'
import { EXIT } from './exit-codes.ts'

/** The server responds to a send within 30 s. */
const SEND_MS = 35_000

type Sent = { to: string; message_id: string; timestamp: string }

/** Sends the message and prints the result. `-` reads the message from standard input, without its last line break. */
export async function send(
  server: Server,
  { number, message, json }: { number: string; message: string; json: boolean },
): Promise<number> {
  const body = message === '-' ? (await text(process.stdin)).replace(/\r?\n$/, '') : message
  const sent = await openApi(server).post<Sent>('/api/send', { phone_number: number, message: body }, SEND_MS)
  process.stdout.write(
    json
      ? `${JSON.stringify(sent, null, 2)}\n`
      : `Sent to +${sent.to} at ${sent.timestamp} (${sent.message_id}).\n`,
  )
  return EXIT.ok
}
