/** Sentences that were written once for every face, in the words of this one: tools in the place of routes. */
import type { Operation } from '../../operations/operation.ts'

/** Name of an operation's tool; null: agents have no use for the operation. */
export function toolName({ name, tool }: Pick<Operation, 'name' | 'tool'>): string | null {
  return tool === undefined ? `whatsapp_${name}` : tool
}

/** `GET /api/chats?query=…`: method, path, query. */
const ROUTE = /\b(GET|POST|PUT|PATCH|DELETE) (\/[\w/{}]*)(?:\?(\w+)=[^\s,;:)]*)?/g

/** A function that puts tools in the places of routes and of operations' names; what is no tool stays as it is. */
export function createWording(operations: readonly Operation[]): (text: string) => string {
  const byRoute = new Map<string, string>()
  const byName = new Map<string, string>()
  for (const operation of operations) {
    const tool = toolName(operation)
    if (tool === null) continue
    for (const route of operation.routes) byRoute.set(route, tool)
    // Names of one word are words of the language too.
    if (operation.name.includes('_')) byName.set(operation.name, tool)
  }
  return (text) =>
    text
      .replace(ROUTE, (found, method: string, path: string, field: string | undefined) => {
        const tool = byRoute.get(`${method} ${path}`)
        if (tool === undefined) return found
        return field === undefined ? tool : `${tool} with ${field}`
      })
      .replace(/\b[a-z]+(?:_[a-z]+)+\b/g, (word) => byName.get(word) ?? word)
}
