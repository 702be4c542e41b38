/** Where sessions lie unless a setting says otherwise: in the checkout, or with the user's data for an installed package. */
import { posix, win32 } from 'node:path'
import { requireHome } from '../home.ts'
import { projectRoot } from './project-root.ts'

const NAME = 'whatsapp-mcp-api'

/** What the answer depends on, as node:process and node:os have it. */
export type Place = {
  /** Absolute path of the folder with our package.json, links resolved. */
  root: string
  platform: NodeJS.Platform
  /** Read only where it is needed: there need not be one. */
  readonly home: string
  env: Record<string, string | undefined>
}

/**
 * Absolute path of the directory that holds `.wwebjs_auth` and `.sandbox`; it need not exist.
 * A checkout keeps them itself, as documented. A package lies in a `node_modules` folder that the next install (or npx,
 * whenever it clears its cache) deletes, and a linked account with it: its data goes where the platform keeps the user's.
 */
export function dataRootOf(place: Place): string {
  const { root, platform, env } = place
  if (!root.split(/[\\/]/).includes('node_modules')) return root
  if (platform === 'win32')
    return win32.join(env.LOCALAPPDATA || win32.join(place.home, 'AppData', 'Local'), NAME)
  if (platform === 'darwin') return posix.join(place.home, 'Library', 'Application Support', NAME)
  const { XDG_DATA_HOME = '' } = env
  // "All paths set in these environment variables must be absolute" (XDG Base Directory Specification); others are ignored.
  const data = posix.isAbsolute(XDG_DATA_HOME) ? XDG_DATA_HOME : posix.join(place.home, '.local', 'share')
  return posix.join(data, NAME)
}

/** This program, for this user. Its `home` throws ConfigError where there is none. */
export function thisPlace(): Place {
  const { env, platform } = process
  return {
    root: projectRoot(),
    platform,
    env,
    get home() {
      return requireHome('The data directory of an installed package')
    },
  }
}

/** The data directory of this program, for this user. @throws ConfigError where it would lie in a home that is not there */
export function dataRoot(): string {
  return dataRootOf(thisPlace())
}
