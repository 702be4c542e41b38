/** `whatsapp-mcp-api outbox list`, `history`, `approve`, `reject`, `cancel` and `edit`: the messages that wait in the running server. */
import { DEFAULT_ACCOUNT } from '../model/ids.ts'
import { describeHeld, type OutboxItem } from '../model/outbox.ts'
import { type Api, openApi, type Server } from './client.ts'
import { EXIT } from './exit-codes.ts'
import { localTime } from './local-time.ts'
import { print, printable } from './terminal.ts'
import { inWords } from './words.ts'

/** An approval returns once the message is sent: within 30 s, a file within 60 s. */
const LIMIT_MS = 65_000

type Answer = { ok: true; item: OutboxItem }
type List = { items: OutboxItem[]; next_cursor: string | null }
type Flags = { json: boolean }

/** Prints what waits, each message with its whole text. Resolves with the exit code. */
export async function listOutbox(server: Server, { json }: Flags): Promise<number> {
  const api = openApi(server)
  const items = (
    await Promise.all(['held', 'scheduled', 'unknown'].map((state) => everyItem(api, state)))
  ).flat()
  print(
    json,
    { ok: true, count: items.length, items },
    items.length === 0 ? 'Nothing waits.\n' : textOf(items),
  )
  return EXIT.ok
}

/** Prints the newest items in every state, or the next ones before this item. Resolves with the exit code. */
export async function showHistory(
  server: Server,
  { json, before }: Flags & { before: string },
): Promise<number> {
  const list = await pageOf(openApi(server), before === '' ? {} : { before })
  const more = list.next_cursor === null ? '' : `\nMore: --before ${printable(list.next_cursor)}\n`
  print(json, list, list.items.length === 0 ? 'The outbox is empty.\n' : `${textOf(list.items)}${more}`)
  return EXIT.ok
}

/** Returns every item in this state. Reads every page: the oldest items, which expire first, are on the last. */
async function everyItem(api: Api, state: string): Promise<OutboxItem[]> {
  const items: OutboxItem[] = []
  for (let before: string | null = ''; before !== null; ) {
    const page: List = await pageOf(api, before === '' ? { state } : { state, before })
    items.push(...page.items)
    before = page.next_cursor
  }
  return items
}

function pageOf(api: Api, filter: Record<string, string>): Promise<List> {
  const query = new URLSearchParams({ limit: '100', ...filter })
  if (api.account !== DEFAULT_ACCOUNT) query.set('account', api.account)
  return api.get<List>(`/api/outbox?${query}`)
}

/**
 * Approves the item as it is now, and prints it. With `digest`, only if the item is still the one with this digest. Resolves
 * with the exit code.
 */
export async function approveItem(
  server: Server,
  id: string,
  { json, digest }: Flags & { digest: string },
): Promise<number> {
  const api = openApi(server)
  const approved = digest === '' ? (await api.get<Answer>(pathOf(id))).item.digest : digest
  return showItem(json, await api.post<Answer>(`${pathOf(id)}/approve`, { digest: approved }, LIMIT_MS))
}

/** Rejects the item and prints it. Resolves with the exit code. */
export async function rejectItem(
  server: Server,
  id: string,
  { json, reason }: Flags & { reason: string },
): Promise<number> {
  const body = reason === '' ? {} : { reason }
  return showItem(json, await openApi(server).post<Answer>(`${pathOf(id)}/reject`, body, LIMIT_MS))
}

/** Cancels the item and prints it. Resolves with the exit code. */
export async function cancelItem(server: Server, id: string, { json }: Flags): Promise<number> {
  return showItem(json, await openApi(server).post<Answer>(`${pathOf(id)}/cancel`, {}, LIMIT_MS))
}

/** Changes the text or the time of the item and prints it. Resolves with the exit code. */
export async function editItem(
  server: Server,
  id: string,
  { json, message, 'send-at': sendAt }: Flags & { message: string; 'send-at': string },
): Promise<number> {
  const body = { ...(message === '' ? {} : { message }), ...(sendAt === '' ? {} : { send_at: sendAt }) }
  return showItem(json, await openApi(server).patch<Answer>(pathOf(id), body, LIMIT_MS))
}

const pathOf = (id: string) => `/api/outbox/${encodeURIComponent(id)}`

/** Prints the item. Returns the exit code: a message that was not sent, or may not have been, is a failure. */
export function showItem(json: boolean, answer: Answer): number {
  print(json, answer, textOf([answer.item]))
  return answer.item.state === 'failed' || answer.item.state === 'unknown' ? EXIT.failed : EXIT.ok
}

function textOf(items: readonly OutboxItem[]): string {
  return items.map(blockOf).join('\n')
}

/** Returns an item as lines. Every line of its text begins with a bar, so that no text can look like another line. */
function blockOf(item: OutboxItem): string {
  const { id, account, state, chat, preview, created_at, expires_at, message_id, error } = item
  const number = chat.phone_number === null ? chat.id : `+${chat.phone_number}`
  const times = [
    `created ${localTime(created_at)}`,
    (state === 'held' || state === 'scheduled') && expires_at !== null && `expires ${localTime(expires_at)}`,
  ].filter((part) => part !== false)
  return [
    `${id}  ${state}${account === 'default' ? '' : `  account ${printable(account)}`}`,
    `  to ${printable(chat.name)} (${printable(number)}), ${times.join(', ')}`,
    ...describeHeld(item, localTime).map((line) => `  ${printable(line)}`),
    ...(preview === '' ? [] : preview.split('\n').map((line) => `  | ${printable(line)}`)),
    ...(message_id === null ? [] : [`  message ${printable(message_id)}`]),
    ...(error === null ? [] : [`  ${error.code}: ${printable(error.detail)}`]),
    ...(state === 'held'
      ? [`  ${inWords(`whatsapp-mcp-api outbox approve ${id} --digest ${item.digest}`)}`]
      : []),
    '',
  ].join('\n')
}
