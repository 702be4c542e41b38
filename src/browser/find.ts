/** Finds a browser on this machine: Chrome, Chromium, Edge, or the one that this program installed. */

import {
  browserCacheDir,
  type FileView,
  type Machine,
  type MachineOptions,
  searchPath,
  toMachine,
  variable,
} from './machine.ts'
import { candidates, type FoundBrowser, kindOf } from './places.ts'

/** No browser is available. `message` says what is wrong, `hint` is the next step, both for people. */
export class BrowserNotFound extends Error {
  override name = 'BrowserNotFound'
  readonly hint: string

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options)
    this.hint = hint
  }
}

/** `headless`: no window is needed, so a browser without one is preferred. Default: false. */
export type FindOptions = MachineOptions & { headless?: boolean }

/**
 * Returns the best browser on this machine, or null if there is none. Only reads the disk; starts nothing.
 * Order: the setting; if headless, Debian's headless shell (half the memory: `npm run bench memory`); stable Chrome, Chromium, stable Edge; our own; their previews; confined packages; headless shells.
 *
 * @throws BrowserNotFound if `WHATSAPP_CHROME_EXECUTABLE` is set and does not name an executable file. There is no silent
 *   fallback, because the user chose that browser.
 */
export function findBrowser(options: FindOptions = {}): FoundBrowser | null {
  const machine = toMachine(options)
  const setting = variable(machine.env, 'WHATSAPP_CHROME_EXECUTABLE')?.trim()
  if (setting) return fromSetting(setting, machine)
  for (const candidate of candidates(
    machine,
    options.cacheDir ?? browserCacheDir(options),
    options.headless ?? false,
  )) {
    if (machine.files.isExecutable(candidate.path) && !isSnapStub(candidate.path, machine.files))
      return candidate
  }
  return null
}

function fromSetting(setting: string, { env, platform, files, homeDir, path }: Machine): FoundBrowser {
  const tries: string[] = []
  if (!/[\\/]/.test(setting)) {
    tries.push(...searchPath(env, path).map((directory) => path.join(directory, setting)))
  } else {
    const home = /^~[\\/]/.test(setting) ? path.join(homeDir, setting.slice(2)) : setting
    const absolute = path.isAbsolute(home) ? home : path.resolve(home)
    // On a Mac, users name the bundle that Finder shows, not the binary inside it.
    const bundle =
      /\.app\/?$/.test(absolute) && path.join(absolute, 'Contents/MacOS', path.basename(absolute, '.app'))
    tries.push(...(platform === 'darwin' && bundle ? [bundle, absolute] : [absolute]))
  }
  const hit = tries.find((candidate) => files.isExecutable(candidate))
  if (hit) return { path: hit, kind: kindOf(path.basename(hit)), source: 'setting' }
  const problem = tries.some((candidate) => files.isFile(candidate))
    ? 'is not executable by this user'
    : 'does not exist'
  throw new BrowserNotFound(
    `WHATSAPP_CHROME_EXECUTABLE names ${setting}, which ${problem}.`,
    'Set it to the full path of a Chrome, Chromium or Edge executable. Or unset it; the server then finds a browser.',
  )
}

/** True for Ubuntu's `chromium-browser`, a script that only asks the user to install the snap if the snap is missing. */
function isSnapStub(path: string, files: FileView): boolean {
  if (!/chromium/.test(path) || path.startsWith('/snap/') || path.startsWith('/var/lib/snapd/')) return false
  const text = files.head(path)
  return text.startsWith('#!') && text.includes('/snap/bin/chromium')
}
