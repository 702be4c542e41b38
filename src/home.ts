/** The user's home directory, asked for only where it is needed: a user of a container need not have one. */
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { ConfigError } from './config-error.ts'

/**
 * Absolute path of the home directory; null if HOME is not set and the user has no passwd entry
 * (`docker run --user 54321`), for which Node throws (libuv: uv_os_homedir).
 */
export function findHome(): string | null {
  try {
    const home = homedir()
    return isAbsolute(home) ? home : null
  } catch {
    return null
  }
}

/**
 * The same, for what cannot do without.
 * @param what needs it, as the subject of a sentence
 * @throws ConfigError if there is none
 */
export function requireHome(what: string): string {
  const home = findHome()
  if (home !== null) return home
  throw new ConfigError(
    `${what} needs a home directory, and this user has none. Set HOME, or name an absolute path.`,
  )
}

/**
 * `~` and `~/…` with the home directory in place of the `~`, which shells do not expand everywhere and clients of MCP
 * nowhere; anything else as it is, also another user's `~name`.
 * @throws ConfigError if there is no home directory
 */
export function expandHome(path: string): string {
  return /^~(?:$|[\\/])/.test(path) ? join(requireHome(JSON.stringify(path)), path.slice(1)) : path
}

/** A path as people write it, absolute; a relative one begins at `base`. Throws as {@link expandHome}. */
export function toPath(text: string, base = '.'): string {
  return resolve(base, expandHome(text))
}
