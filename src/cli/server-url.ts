/** Parses the URL of a server. Imports nothing. */

/**
 * Returns the URL of the server, without a slash at the end; null if the text is not an http URL. Accepts the URL of the
 * MCP endpoint and a slash at the end. Removes query, fragment and credentials.
 */
export function toServerUrl(text: string): string | null {
  const named = text.trim()
  if (!/^https?:\/\//i.test(named) || !URL.canParse(named)) return null
  const { origin, pathname } = new URL(named)
  return `${origin}${pathname.replace(/\/+$/, '').replace(/\/+mcp$/, '')}`
}

/** Separates the account from the URL of a server: that of an account's MCP endpoint names one. Null: none is named. */
export function splitAccount(url: string): { url: string; account: string | null } {
  const [, base = url, account = null] = /^(.*)\/accounts\/([^/]+)$/.exec(url) ?? []
  return { url: base, account }
}
