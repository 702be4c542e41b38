/** Adapts sentences that are shared by all faces: replaces routes with tools. */
import { defaultPath, inAccount } from '../../model/account-paths.ts'
import { DEFAULT_ACCOUNT } from '../../model/ids.ts'
import type { Operation } from '../../operations/operation.ts'
import { withNames } from '../../operations/references.ts'

/** Returns the name of an operation's tool, or null if the operation has no tool. */
export function toolName({ name, tool }: Pick<Operation, 'name' | 'tool'>): string | null {
  return tool === undefined ? `whatsapp_${name}` : tool
}

/** Returns an adapted sentence. `mcpUrl`: the URL of the MCP endpoint, for the addresses of pages. */
export type Wording = (text: string, mcpUrl?: string) => string

/** `GET /api/chats?query=…`: method, path, query. */
const ROUTE = /\b(GET|POST|PUT|PATCH|DELETE) (\/[\w/{}-]*)(?:\?(\w+)=[^\s,;:)]*)?/g
/** The page with the QR code, without an address before it. */
const QR_PAGE = /(?<![\w/.])(?:\/accounts\/[\w-]+)?\/qr\b/g

/**
 * Returns a function that replaces references and routes with tools. It removes sentences that refer to an operation that is
 * not offered. Routes of such operations, and pages, become those of this account.
 * @param denied the operations for which the caller lacks the scope: their routes become tools too, with that scope
 */
export function createWording(
  operations: readonly Operation[],
  account: string = DEFAULT_ACCOUNT,
  denied: readonly Operation[] = [],
): Wording {
  const byRoute = new Map<string, string>()
  const byName = new Map<string, string>()
  for (const operation of operations) {
    const tool = toolName(operation)
    if (tool === null) continue
    for (const route of operation.routes) byRoute.set(route, tool)
    byName.set(operation.name, tool)
  }
  const scopes = new Map<string, string>()
  for (const operation of denied) {
    const tool = toolName(operation)
    if (tool === null) continue
    for (const route of operation.routes) byRoute.set(route, tool)
    scopes.set(tool, operation.scope)
  }
  return (text, mcpUrl) =>
    withNames(inAccount(text, account), (name) => byName.get(name) ?? null)
      .replace(ROUTE, (found, method: string, path: string, field: string | undefined) => {
        const tool = byRoute.get(`${method} ${defaultPath(path)}`)
        if (tool === undefined) return found
        const scope = scopes.get(tool)
        const needs = scope === undefined ? '' : ` (requires the scope \`${scope}\`)`
        return `${tool}${field === undefined ? '' : ` with ${field}`}${needs}`
      })
      .replace(QR_PAGE, (page) => (mcpUrl === undefined ? page : new URL(page, mcpUrl).href))
}
