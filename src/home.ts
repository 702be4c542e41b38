/** The user's home directory. Read only if needed, because a user of a container may have none. */
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { ConfigError } from './config-error.ts'

/**
 * Returns the absolute path of the home directory; null if HOME is not set and the user has no passwd entry
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
 * Returns the home directory.
 * @param what what needs it, as the subject of a sentence
 * @throws ConfigError if the user has none
 */
export function requireHome(what: string): string {
  const home = findHome()
  if (home !== null) return home
  throw new ConfigError(
    `${what} needs a home directory, and this user has none. Set HOME, or name an absolute path.`,
  )
}

/**
 * Replaces `~` in `~` and `~/…` with the home directory, because MCP clients do not expand it, and shells not everywhere.
 * Other paths stay unchanged, including `~name` of another user.
 * @throws ConfigError if there is no home directory
 */
export function expandHome(path: string): string {
  return /^~(?:$|[\\/])/.test(path) ? join(requireHome(JSON.stringify(path)), path.slice(1)) : path
}

/** Returns the absolute path of a typed path. A relative path starts at `base`. Throws as {@link expandHome}. */
export function toPath(text: string, base = '.'): string {
  return resolve(base, expandHome(text))
}
