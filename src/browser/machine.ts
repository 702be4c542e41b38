/** The machine that browsers are looked for on: this one, or in tests a fake one of any platform. */

import { accessSync, closeSync, constants, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { posix, win32 } from 'node:path'
import { findHome } from '../home.ts'

/** What finding needs to know about the disk; tests hand in a fake one for each platform. */
export type FileView = {
  /** A file that this user may execute (on Windows: any file). */
  isExecutable(path: string): boolean
  isFile(path: string): boolean
  /** Names inside a directory, `[]` when there is no such directory. */
  list(directory: string): string[]
  /** The first 4 kB of a file as text, `''` when it cannot be read. */
  head(path: string): string
}

/** Everything is optional: the default is the machine that we run on. */
export type MachineOptions = {
  env?: Record<string, string | undefined>
  platform?: NodeJS.Platform
  homeDir?: string
  files?: FileView
  /** Where our own browser lives; default: {@link browserCacheDir}. */
  cacheDir?: string
}

/** The options with everything filled in. */
export type Machine = {
  env: Record<string, string | undefined>
  platform: NodeJS.Platform
  homeDir: string
  files: FileView
  /** The path rules of the platform looked at, which in a test is not the one we run on. */
  path: typeof posix
}

/** Fills in what is left out with what this machine is. */
export function toMachine(options: MachineOptions): Machine {
  const platform = options.platform ?? process.platform
  return {
    env: options.env ?? process.env,
    platform,
    // Of a user without a home: Debian's name for one that is not there, in which nothing is found and nothing made.
    homeDir: options.homeDir ?? findHome() ?? '/nonexistent',
    files: options.files ?? realFiles,
    path: platform === 'win32' ? win32 : posix,
  }
}

/** Windows does not care about the case of a variable's name, but a copy of `process.env` does. */
export function variable(env: Machine['env'], name: string): string | undefined {
  if (env[name] !== undefined) return env[name]
  const key = Object.keys(env).find((other) => other.toUpperCase() === name.toUpperCase())
  return key === undefined ? undefined : env[key]
}

/** The absolute directories of PATH: a relative one would make the browser depend on where we were started. */
export function searchPath(env: Machine['env'], path: typeof posix): string[] {
  const all = (variable(env, 'PATH') ?? '').split(path.delimiter)
  return all
    .map((directory) => directory.replace(/^"|"$/g, ''))
    .filter((directory) => path.isAbsolute(directory))
}

/** The disk of this machine. */
export const realFiles: FileView = {
  isExecutable(path) {
    try {
      accessSync(path, constants.X_OK)
      return statSync(path).isFile()
    } catch {
      return false
    }
  },
  isFile: (path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false,
  list(directory) {
    try {
      return readdirSync(directory)
    } catch {
      return []
    }
  },
  head(path) {
    try {
      const file = openSync(path, 'r')
      try {
        const buffer = Buffer.alloc(4096)
        return buffer.toString('latin1', 0, readSync(file, buffer))
      } finally {
        closeSync(file)
      }
    } catch {
      return ''
    }
  },
}

/** Where on this platform our own browser is kept: a folder in the user's cache, shared by all checkouts. */
export function browserCacheDir(options: MachineOptions = {}): string {
  const { env, platform, homeDir, path } = toMachine(options)
  if (platform === 'win32') {
    const local = variable(env, 'LOCALAPPDATA') ?? path.join(homeDir, 'AppData', 'Local')
    return path.join(local, 'whatsapp-mcp-api', 'browsers')
  }
  if (platform === 'darwin') return path.join(homeDir, 'Library', 'Caches', 'whatsapp-mcp-api', 'browsers')
  const xdg = env.XDG_CACHE_HOME
  const base = xdg && path.isAbsolute(xdg) ? xdg : path.join(homeDir, '.cache')
  return path.join(base, 'whatsapp-mcp-api', 'browsers')
}
