/** The default location of sessions: the checkout, or the user's data directory for an installed package. */
import { posix, win32 } from 'node:path'
import { requireHome } from '../home.ts'
import { projectRoot } from './project-root.ts'

const NAME = 'whatsapp-mcp-api'

/** The facts that determine the location, as in node:process and node:os. */
export type Place = {
  /** Absolute path of the folder with our package.json, links resolved. */
  root: string
  platform: NodeJS.Platform
  /** Read only if needed, because a user may have no home. */
  readonly home: string
  env: Record<string, string | undefined>
}

/**
 * Returns the absolute path of the directory of `.wwebjs_auth` and `.sandbox`. The directory may not exist yet.
 * A checkout contains them, as documented. A package is in a `node_modules` folder that the next install, or npx when it
 * clears its cache, deletes. Its data is therefore in the platform's directory for user data.
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

/** Returns the place of this program and user. Its `home` throws ConfigError if the user has none. */
export function currentPlace(): Place {
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

/** Returns the data directory of this program and user. @throws ConfigError if it needs a home and the user has none */
export function dataRoot(): string {
  return dataRootOf(currentPlace())
}
