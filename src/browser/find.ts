/** Finds a browser that is already on this machine: Chrome, Chromium or Edge, or one that we installed ourselves. */

import { accessSync, closeSync, constants, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { posix, win32 } from 'node:path'

/** What a browser is. `headless-shell` has no window: it cannot run with `WHATSAPP_HEADLESS=false`. */
export type BrowserKind = 'chrome' | 'chromium' | 'edge' | 'headless-shell'

/**
 * Where it was found. `setting`: `WHATSAPP_CHROME_EXECUTABLE`. `own`: downloaded by us into the user's cache.
 * `snap` and `flatpak` are confined: they may be unable to open a profile outside the user's home, so they come last.
 */
export type BrowserSource = 'setting' | 'system' | 'path' | 'own' | 'snap' | 'flatpak'

/** `path` is absolute, and a file that this user may execute. */
export type FoundBrowser = { path: string; kind: BrowserKind; source: BrowserSource }

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
export type FindOptions = {
  env?: Record<string, string | undefined>
  platform?: NodeJS.Platform
  homeDir?: string
  files?: FileView
  /** Where our own browser lives; default: {@link browserCacheDir}. */
  cacheDir?: string
}

/** No browser can be had. `message` says what is wrong, `hint` is the next step; both are one sentence for people. */
export class BrowserNotFound extends Error {
  override name = 'BrowserNotFound'
  readonly hint: string

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options)
    this.hint = hint
  }
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
export function browserCacheDir(options: FindOptions = {}): string {
  const { env, platform, homeDir, path } = machine(options)
  if (platform === 'win32') {
    const local = variable(env, 'LOCALAPPDATA') ?? path.join(homeDir, 'AppData', 'Local')
    return path.join(local, 'whatsapp-mcp-api', 'browsers')
  }
  if (platform === 'darwin') return path.join(homeDir, 'Library', 'Caches', 'whatsapp-mcp-api', 'browsers')
  const xdg = env.XDG_CACHE_HOME
  const base = xdg && path.isAbsolute(xdg) ? xdg : path.join(homeDir, '.cache')
  return path.join(base, 'whatsapp-mcp-api', 'browsers')
}

/**
 * The best browser on this machine, or null when there is none. Reads the disk only, starts nothing.
 * Order: the setting; stable Chrome, Chromium, stable Edge; our own; their previews; confined packages; headless shells.
 *
 * @throws BrowserNotFound when `WHATSAPP_CHROME_EXECUTABLE` is set and does not name an executable file: a person who
 *   names a browser wants that one, so we never fall back silently.
 */
export function findBrowser(options: FindOptions = {}): FoundBrowser | null {
  const found = machine(options)
  const setting = variable(found.env, 'WHATSAPP_CHROME_EXECUTABLE')?.trim()
  if (setting) return fromSetting(setting, found)
  for (const candidate of candidates(found, options.cacheDir ?? browserCacheDir(options))) {
    if (found.files.isExecutable(candidate.path) && !isSnapStub(candidate.path, found.files)) return candidate
  }
  return null
}

type Machine = {
  env: Record<string, string | undefined>
  platform: NodeJS.Platform
  homeDir: string
  files: FileView
  /** The path rules of the platform looked at, which in a test is not the one we run on. */
  path: typeof posix
}

function machine(options: FindOptions): Machine {
  const platform = options.platform ?? process.platform
  return {
    env: options.env ?? process.env,
    platform,
    homeDir: options.homeDir ?? homedir(),
    files: options.files ?? realFiles,
    path: platform === 'win32' ? win32 : posix,
  }
}

/** Windows does not care about the case of a variable's name, but a copy of `process.env` does. */
function variable(env: Machine['env'], name: string): string | undefined {
  if (env[name] !== undefined) return env[name]
  const key = Object.keys(env).find((other) => other.toUpperCase() === name.toUpperCase())
  return key === undefined ? undefined : env[key]
}

function fromSetting(setting: string, { env, platform, files, homeDir, path }: Machine): FoundBrowser {
  const tries: string[] = []
  if (!/[\\/]/.test(setting)) {
    tries.push(...searchPath(env, path).map((directory) => path.join(directory, setting)))
  } else {
    const home = /^~[\\/]/.test(setting) ? path.join(homeDir, setting.slice(2)) : setting
    const absolute = path.isAbsolute(home) ? home : path.resolve(home)
    // On a Mac people name the bundle that they see in Finder, not the binary inside it.
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
    'Set it to the full path of a Chrome, Chromium or Edge executable, or unset it to have one found.',
  )
}

function kindOf(name: string): BrowserKind {
  if (/headless[-_]shell/i.test(name)) return 'headless-shell'
  if (/edge/i.test(name)) return 'edge'
  return /chromium/i.test(name) ? 'chromium' : 'chrome'
}

function* candidates(on: Machine, cacheDir: string): Generator<FoundBrowser> {
  const places = on.platform === 'win32' ? windowsPlaces : on.platform === 'darwin' ? macPlaces : linuxPlaces
  yield* places(on, stable)
  yield* ownBrowsers(on, cacheDir)
  yield* places(on, previews)
  if (on.platform === 'linux') yield* confinedPlaces(on)
  for (const name of ['chrome-headless-shell', 'headless-shell', 'headless_shell']) {
    yield* onPath(on, on.platform === 'win32' ? `${name}.exe` : name, 'headless-shell')
  }
}

/**
 * Where each product lives: `linux` is its own folder and then its names on PATH, `mac` the name of its bundle, `windows`
 * the file under a program folder and its name on PATH.
 */
type Product = { kind: BrowserKind; linux: string[]; mac: string; windows: [file: string, name?: string] }

const stable: Product[] = [
  {
    kind: 'chrome',
    linux: ['/opt/google/chrome/chrome', 'google-chrome-stable', 'google-chrome'],
    mac: 'Google Chrome',
    windows: ['Google\\Chrome\\Application\\chrome.exe', 'chrome.exe'],
  },
  {
    kind: 'chromium',
    linux: ['/usr/bin/chromium', 'chromium', 'chromium-browser'],
    mac: 'Chromium',
    windows: ['Chromium\\Application\\chrome.exe', 'chromium.exe'],
  },
  {
    kind: 'edge',
    linux: ['/opt/microsoft/msedge/msedge', 'microsoft-edge-stable', 'microsoft-edge'],
    mac: 'Microsoft Edge',
    windows: ['Microsoft\\Edge\\Application\\msedge.exe', 'msedge.exe'],
  },
]

const previews: Product[] = [
  {
    kind: 'chrome',
    linux: ['/opt/google/chrome-beta/chrome', 'google-chrome-beta'],
    mac: 'Google Chrome Beta',
    windows: ['Google\\Chrome Beta\\Application\\chrome.exe'],
  },
  {
    kind: 'chrome',
    linux: ['/opt/google/chrome-unstable/chrome', 'google-chrome-unstable'],
    mac: 'Google Chrome Dev',
    windows: ['Google\\Chrome Dev\\Application\\chrome.exe'],
  },
  {
    kind: 'chrome',
    linux: ['/opt/google/chrome-canary/chrome', 'google-chrome-canary'],
    mac: 'Google Chrome Canary',
    windows: ['Google\\Chrome SxS\\Application\\chrome.exe'],
  },
  {
    kind: 'edge',
    linux: ['/opt/microsoft/msedge-beta/msedge', 'microsoft-edge-beta'],
    mac: 'Microsoft Edge Beta',
    windows: ['Microsoft\\Edge Beta\\Application\\msedge.exe'],
  },
  {
    kind: 'edge',
    linux: ['/opt/microsoft/msedge-dev/msedge', 'microsoft-edge-dev'],
    mac: 'Microsoft Edge Dev',
    windows: ['Microsoft\\Edge Dev\\Application\\msedge.exe'],
  },
]

function* linuxPlaces(on: Machine, products: Product[]): Generator<FoundBrowser> {
  for (const { kind, linux } of products) {
    for (const place of linux) {
      if (place.startsWith('/')) yield { path: place, kind, source: 'system' }
      else yield* onPath(on, place, kind)
    }
  }
  // A service is often started with a PATH that lacks even the usual folders.
  for (const { kind, linux } of products) {
    for (const name of linux.slice(1)) yield { path: `/usr/bin/${name}`, kind, source: 'system' }
  }
}

function* macPlaces(on: Machine, products: Product[]): Generator<FoundBrowser> {
  for (const { kind, linux, mac } of products) {
    for (const folder of ['/Applications', on.path.join(on.homeDir, 'Applications')]) {
      yield { path: on.path.join(folder, `${mac}.app`, 'Contents', 'MacOS', mac), kind, source: 'system' }
    }
    // Package managers for the Mac use the names that Linux uses.
    for (const name of linux.slice(1)) yield* onPath(on, name, kind)
  }
}

function* windowsPlaces(on: Machine, products: Product[]): Generator<FoundBrowser> {
  const variables = ['ProgramW6432', 'ProgramFiles', 'ProgramFiles(x86)', 'LOCALAPPDATA']
  const folders = variables.map((name) => variable(on.env, name)).filter((folder) => folder !== undefined)
  folders.push('C:\\Program Files', 'C:\\Program Files (x86)')
  for (const { kind, windows } of products) {
    const [file, name] = windows
    for (const folder of new Set(folders)) yield { path: on.path.join(folder, file), kind, source: 'system' }
    if (name) yield* onPath(on, name, kind)
  }
}

/**
 * Snap's and flatpak's launchers. Snap's Chromium sees `$HOME` but neither its hidden folders nor the system's `/tmp`;
 * a flatpak sees still less.
 */
function* confinedPlaces(on: Machine): Generator<FoundBrowser> {
  for (const folder of snapFolders) yield { path: `${folder}/chromium`, kind: 'chromium', source: 'snap' }
  for (const folder of ['/var/lib', on.path.join(on.homeDir, '.local/share')]) {
    for (const [name, kind] of [
      ['com.google.Chrome', 'chrome'],
      ['org.chromium.Chromium', 'chromium'],
      ['com.microsoft.Edge', 'edge'],
    ] as const) {
      yield { path: `${folder}/flatpak/exports/bin/${name}`, kind, source: 'flatpak' }
    }
  }
}

const snapFolders = ['/snap/bin', '/var/lib/snapd/snap/bin']

/** What `install.ts` put into the cache, newest version first; the inner layout is that of @puppeteer/browsers 2.13. */
function* ownBrowsers(on: Machine, cacheDir: string): Generator<FoundBrowser> {
  const mac = 'Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing'
  const inside =
    on.platform === 'win32'
      ? ['chrome-win64\\chrome.exe', 'chrome-win32\\chrome.exe']
      : on.platform === 'darwin'
        ? [`chrome-mac-arm64/${mac}`, `chrome-mac-x64/${mac}`]
        : ['chrome-linux64/chrome']
  const root = on.path.join(cacheDir, 'chrome')
  const version = (folder: string) => folder.slice(folder.lastIndexOf('-') + 1)
  const folders = on.files
    .list(root)
    .sort((a, b) => version(b).localeCompare(version(a), 'en', { numeric: true }))
  for (const folder of folders) {
    for (const file of inside) yield { path: on.path.join(root, folder, file), kind: 'chrome', source: 'own' }
  }
}

function* onPath(on: Machine, name: string, kind: BrowserKind): Generator<FoundBrowser> {
  for (const directory of searchPath(on.env, on.path)) {
    if (snapFolders.includes(directory) || directory.includes('/flatpak/exports/')) continue
    yield { path: on.path.join(directory, name), kind, source: 'path' }
  }
}

/** The absolute directories of PATH: a relative one would make the browser depend on where we were started. */
function searchPath(env: Machine['env'], path: typeof posix): string[] {
  const all = (variable(env, 'PATH') ?? '').split(path.delimiter)
  return all
    .map((directory) => directory.replace(/^"|"$/g, ''))
    .filter((directory) => path.isAbsolute(directory))
}

/** Ubuntu's `chromium-browser` is a script that only tells people to install the snap, unless the snap is there. */
function isSnapStub(path: string, files: FileView): boolean {
  if (!/chromium/.test(path) || path.startsWith('/snap/') || path.startsWith('/var/lib/snapd/')) return false
  const text = files.head(path)
  return text.startsWith('#!') && text.includes('/snap/bin/chromium')
}
