/** Where sessions lie unless a setting says otherwise: in the checkout, or with the user's data for an installed package. */
import { homedir } from 'node:os'
import { posix, win32 } from 'node:path'
import { projectRoot } from './project-root.ts'

const NAME = 'whatsapp-mcp-api'

/** What the answer depends on, as node:process and node:os have it. */
export type Place = {
  /** Absolute path of the folder with our package.json, links resolved. */
  root: string
  platform: NodeJS.Platform
  home: string
  env: Record<string, string | undefined>
}

/**
 * Absolute path of the directory that holds `.wwebjs_auth` and `.sandbox`; it need not exist.
 * A checkout keeps them itself, as documented. A package lies in a `node_modules` folder that the next install (or npx,
 * whenever it clears its cache) deletes, and a linked account with it: its data goes where the platform keeps the user's.
 */
export function dataRootOf({ root, platform, home, env }: Place): string {
  if (!root.split(/[\\/]/).includes('node_modules')) return root
  if (platform === 'win32') return win32.join(env.LOCALAPPDATA || win32.join(home, 'AppData', 'Local'), NAME)
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support', NAME)
  const { XDG_DATA_HOME = '' } = env
  // "All paths set in these environment variables must be absolute" (XDG Base Directory Specification); others are ignored.
  const data = posix.isAbsolute(XDG_DATA_HOME) ? XDG_DATA_HOME : posix.join(home, '.local', 'share')
  return posix.join(data, NAME)
}

/** That of this program, for this user. */
export function dataRoot(): string {
  const { env, platform } = process
  return dataRootOf({ root: projectRoot(), platform, home: homedir(), env })
}
