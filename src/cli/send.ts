/** `whatsapp-mcp-api send`: sends a text or a file through the running server. */
import { basename } from 'node:path'
import { text } from 'node:stream/consumers'
import type { OutboxItem } from '../model/outbox.ts'
import { type Api, openApi, type Server } from './client.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { fileBody, UPLOAD_MS } from './file-body.ts'
import { localTime } from './local-time.ts'
import { showItem } from './outbox.ts'
import { jsonLines, printable } from './terminal.ts'

/** The server responds to a send within 30 s, and to one of a file within 60 s. */
const SEND_MS = 35_000
const SEND_FILE_MS = 65_000

type Sent = { chat: { name: string }; message_id: string; timestamp: string }
type Waits = { ok: true; item: OutboxItem }
type SendFlags = { file: string; as: string; 'reply-to': string; 'send-at': string; json: boolean }

/**
 * Sends the message, or the file with the message as its caption, and prints the result. `-` reads the message from standard
 * input, without its last line break. Resolves with the exit code.
 */
export async function send(
  server: Server,
  { chat, message, json, ...flags }: SendFlags & { chat: string; message: string | undefined },
): Promise<number> {
  if (message === undefined && flags.file === '')
    throw new CommandError(
      'send requires MESSAGE or --file FILE.',
      'Add the text of the message.',
      EXIT.wrongSetting,
    )
  const body = message === '-' ? (await text(process.stdin)).replace(/\r?\n$/, '') : message
  const api = openApi(server)
  const sent = await (flags.file === '' ? sendText(api, chat, body, flags) : sendFile(api, chat, body, flags))
  if ('item' in sent) return showItem(json, sent)
  const { chat: to, timestamp, message_id: id } = sent
  process.stdout.write(
    json ? jsonLines(sent) : `Sent to ${printable(to.name)} at ${localTime(timestamp)} (${id}).\n`,
  )
  return EXIT.ok
}

type Details = Omit<SendFlags, 'json'>

/** The server finds the chat: it alone knows whether digits are a number, a name, or both. */
function sendText(
  api: Api,
  chat: string,
  message: string | undefined,
  flags: Details,
): Promise<Sent | Waits> {
  return api.post(`${pathOf(chat)}/messages`, { message, ...detailsOf(flags) }, SEND_MS)
}

/** Uploads the file, then sends it. */
async function sendFile(
  api: Api,
  chat: string,
  caption: string | undefined,
  { file, as, ...flags }: Details,
): Promise<Sent | Waits> {
  const answer = await api.request('/api/uploads', UPLOAD_MS, {
    method: 'PUT',
    ...fileBody(file, 'application/octet-stream'),
  })
  const { id } = (await answer.json()) as { id: string }
  const media = { upload: id, ...(file === '-' ? {} : { filename: basename(file) }) }
  const body = { media, ...(caption === undefined ? {} : { caption }), ...(as === '' ? {} : { as }) }
  return api.post(`${pathOf(chat)}/media`, { ...body, ...detailsOf(flags) }, SEND_FILE_MS)
}

function detailsOf({ 'reply-to': replyTo, 'send-at': sendAt }: Pick<SendFlags, 'reply-to' | 'send-at'>) {
  return {
    ...(replyTo === '' ? {} : { reply_to: replyTo }),
    ...(sendAt === '' ? {} : { send_at: sendAt }),
  }
}

const pathOf = (chat: string) => `/api/chats/${encodeURIComponent(chat)}`
