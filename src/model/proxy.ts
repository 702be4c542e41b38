/** The proxy of an account's browser: a URL that may include credentials. */
import { z } from 'zod'

/** What the browser and its pages get. `server` includes no credentials. */
export type BrowserProxy = { server: string; credentials: { username: string; password: string } | null }

const SCHEMES = ['http:', 'https:', 'socks4:', 'socks5:']
/** Chromium reads other characters of `--proxy-server` as rules (net/proxy_resolution/proxy_config.cc). */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i

/**
 * Returns the parts of the URL; null if it names no proxy that Chromium supports. SOCKS proxies cannot have credentials
 * (chromium: net/docs/proxy.md).
 */
export function readProxy(text: string): BrowserProxy | null {
  try {
    const { protocol, host, pathname, search, hash, username, password } = new URL(text)
    if (!SCHEMES.includes(protocol) || !HOST.test(host)) return null
    if (!['', '/'].includes(pathname) || search !== '' || hash !== '') return null
    const isNamed = username !== '' || password !== ''
    if (isNamed && protocol.startsWith('socks')) return null
    return {
      server: `${protocol}//${host}`,
      credentials: isNamed
        ? { username: decodeURIComponent(username), password: decodeURIComponent(password) }
        : null,
    }
  } catch {
    return null
  }
}

/** The `proxy` of the API. */
export const proxyInput = z
  .string()
  .max(1000)
  .refine((text) => readProxy(text) !== null, 'must be http://, https://, socks4:// or socks5:// with a host')
  .describe(
    'Proxy of the browser, for example "http://user:password@proxy.example:8080". SOCKS proxies cannot have credentials. Responses show it without credentials.',
  )
