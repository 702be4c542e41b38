/** Finds a chat by its name, for commands that read. Those that send leave it to the server, which is stricter. */
import type { Chat } from '../model/chat.ts'
import { bareName } from '../model/fold.ts'
import { readAddress } from '../model/ids.ts'
import type { Api } from './client.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { printable } from './terminal.ts'

/** The largest page of chats. */
const MOST = 100
/** The most chats that an error lists. */
const LISTED = 10

type Page = { chats: Chat[]; next_cursor?: string }

/**
 * Returns the id of the chat with this whole name, as a send finds it. An id or a phone number is returned as it is.
 * @throws CommandError if no chat or several chats have the name, with what is similar
 */
export async function findChat(api: Pick<Api, 'get'>, text: string): Promise<string> {
  if (readAddress(text) !== null) return text
  const asked = bareName(text)
  const chats = await chatsLike(api, asked)
  const named = chats.filter(({ name }) => bareName(name) === asked)
  const [one] = named
  if (one !== undefined && named.length === 1) return one.id
  const similar = (named.length === 0 ? chats : named).slice(0, LISTED)
  throw new CommandError(
    `${named.length === 0 ? 'No chat has' : 'Several chats have'} the name ${JSON.stringify(printable(text))}.`,
    similar.length === 0
      ? 'Name the chat by its id or phone number: "whatsapp-mcp-api chats --ids" lists them.'
      : listChats(similar),
    EXIT.failed,
  )
}

/** Returns every chat that fits the query: one of this name may be on any page, and a second on another. */
async function chatsLike(api: Pick<Api, 'get'>, query: string): Promise<Chat[]> {
  const found: Chat[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const asked = { query, limit: String(MOST), ...(cursor === '' ? {} : { cursor }) }
    const page: Page = await api.get(`/api/chats?${new URLSearchParams(asked)}`)
    found.push(...page.chats)
    cursor = page.next_cursor
  }
  return found
}

/** Returns the next step where a name is not enough: the chats that can be meant, with their ids. */
export function listChats(chats: readonly Pick<Chat, 'id' | 'name'>[]): string {
  return `Name the chat by its id:\n${chats.map(({ id, name }) => `  ${printable(name)}: ${printable(id)}`).join('\n')}`
}
