/** Parses the URL of a server. Imports nothing. */

/** For a WHATSAPP_MCP_URL that {@link toServerUrl} rejects. The value is left out: it may have a password, or be a key. */
export const WRONG_URL = {
  message: 'The value of WHATSAPP_MCP_URL is not a valid URL.',
  hint: 'Use a URL such as http://127.0.0.1:8790',
}

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
