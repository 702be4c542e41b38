/** `whatsapp-mcp-api send`: one text, through the running server. */
import { text } from 'node:stream/consumers'
import { openApi, type Server } from './client.ts'
import { EXIT } from './exit-codes.ts'

/** The server needs 30 s at most to say how a send ended. */
const SEND_MS = 35_000

type Sent = { to: string; message_id: string; timestamp: string }

/** Sends and prints what was sent; `-` reads the message from standard input, without its last line break. */
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
