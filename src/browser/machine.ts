/** The machine to search for browsers: this one, or in tests a fake one of any platform. */

import { accessSync, closeSync, constants, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { posix, win32 } from 'node:path'
import { findHome } from '../home.ts'

/** The disk functions of the search. Tests pass a fake disk for each platform. */
export type FileView = {
  /** A file that this user may execute (on Windows: any file). */
  isExecutable(path: string): boolean
  isFile(path: string): boolean
  /** Returns the names in a directory; `[]` if it does not exist. */
  list(directory: string): string[]
  /** Returns the first 4 kB of a file as text; `''` if it cannot be read. */
  head(path: string): string
}

/** All options. The default is this machine. */
export type MachineOptions = {
  env?: Record<string, string | undefined>
  platform?: NodeJS.Platform
  homeDir?: string
  files?: FileView
  /** The folder of our own browser. Default: {@link browserCacheDir}. */
  cacheDir?: string
}

/** The options with all defaults applied. */
export type Machine = {
  env: Record<string, string | undefined>
  platform: NodeJS.Platform
  homeDir: string
  files: FileView
  /** The path rules of the searched platform, which in a test differs from this one. */
  path: typeof posix
}

/** Applies the defaults of this machine. */
export function toMachine(options: MachineOptions): Machine {
  const platform = options.platform ?? process.platform
  return {
    env: options.env ?? process.env,
    platform,
    // For a user without a home: Debian's name for a home that does not exist.
    homeDir: options.homeDir ?? findHome() ?? '/nonexistent',
    files: options.files ?? realFiles,
    path: platform === 'win32' ? win32 : posix,
  }
}

/** Returns a variable. Windows ignores the case of its name, but a copy of `process.env` does not. */
export function variable(env: Machine['env'], name: string): string | undefined {
  if (env[name] !== undefined) return env[name]
  const key = Object.keys(env).find((other) => other.toUpperCase() === name.toUpperCase())
  return key === undefined ? undefined : env[key]
}

/** Returns the absolute directories of PATH. With a relative one, the browser would depend on the working directory. */
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

/** Returns the folder of our own browser on this platform: in the user's cache, shared by all checkouts. */
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
