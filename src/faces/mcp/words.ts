/** Sentences that were written once for every face, in the words of this one: tools in the place of routes. */
import type { Operation } from '../../operations/operation.ts'
import { withNames } from '../../operations/references.ts'

/** Name of an operation's tool; null: agents have no use for the operation. */
export function toolName({ name, tool }: Pick<Operation, 'name' | 'tool'>): string | null {
  return tool === undefined ? `whatsapp_${name}` : tool
}

/** A sentence in other words. `mcpUrl`: where the server is reached, for the addresses of its pages. */
export type Wording = (text: string, mcpUrl?: string) => string

/** `GET /api/chats?query=…`: method, path, query. */
const ROUTE = /\b(GET|POST|PUT|PATCH|DELETE) (\/[\w/{}-]*)(?:\?(\w+)=[^\s,;:)]*)?/g
/** The page with the QR code, where no address stands before it. */
const QR_PAGE = /(?<![\w/.])\/qr\b/g

/**
 * Puts tools in the place of references and routes. A sentence that refers to an operation that is not offered is left out; a
 * route of such an operation stays a route.
 */
export function createWording(operations: readonly Operation[]): Wording {
  const byRoute = new Map<string, string>()
  const byName = new Map<string, string>()
  for (const operation of operations) {
    const tool = toolName(operation)
    if (tool === null) continue
    for (const route of operation.routes) byRoute.set(route, tool)
    byName.set(operation.name, tool)
  }
  return (text, mcpUrl) =>
    withNames(text, (name) => byName.get(name) ?? null)
      .replace(ROUTE, (found, method: string, path: string, field: string | undefined) => {
        const tool = byRoute.get(`${method} ${path}`)
        if (tool === undefined) return found
        return field === undefined ? tool : `${tool} with ${field}`
      })
      .replace(QR_PAGE, (page) => (mcpUrl === undefined ? page : new URL(page, mcpUrl).href))
}
