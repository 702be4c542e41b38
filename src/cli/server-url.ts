/** The address of a server, from whatever address of it somebody has. Imports nothing. */

/**
 * Where the server is, without a slash at the end; null if the text is no http address. People give the address of the
 * MCP endpoint too, and with a slash at the end; query, fragment and credentials are no part of it.
 */
export function toServerUrl(text: string): string | null {
  const named = text.trim()
  if (!/^https?:\/\//i.test(named) || !URL.canParse(named)) return null
  const { origin, pathname } = new URL(named)
  return `${origin}${pathname.replace(/\/+$/, '').replace(/\/+mcp$/, '')}`
}
