/** Searches messages as the server does for a page: newest first, page by page. */
import type { WorldMessage } from '../world-types.ts'
import type { Account } from './accounts.ts'

/** Messages checked before other work gets a turn. */
const atOnce = 5000

/** Messages whose text or caption contains `query`, ignoring case; `page` counts from 1. */
export async function searchMessages(
  account: Account,
  { query, chat, page, count }: { query: string; chat: string | null; page: number; count: number },
): Promise<WorldMessage[]> {
  const wanted = query.toLowerCase()
  const isFound = ({ body, caption = '' }: WorldMessage): boolean =>
    body.toLowerCase().includes(wanted) || caption.toLowerCase().includes(wanted)
  const chats = chat === null ? account.chats.values().map(({ id }) => id) : [chat]
  const found: WorldMessage[] = []
  for (const id of chats) {
    let before = null
    for (;;) {
      const some: WorldMessage[] = account.messages.earlier(id, before, atOnce)
      found.push(...some.filter(isFound).reverse())
      const [oldest] = some
      if (!oldest || some.length < atOnce) break
      before = { id: oldest.id, t: oldest.t }
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return found.sort((a, b) => b.t - a.t).slice((page - 1) * count, page * count)
}
