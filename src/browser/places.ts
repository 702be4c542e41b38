/** The locations of each browser on each platform, in order of preference. */

import { type Machine, searchPath, variable } from './machine.ts'

/** The kind of a browser. `headless-shell` has no window, so it cannot run with `WHATSAPP_HEADLESS=false`. */
export type BrowserKind = 'chrome' | 'chromium' | 'edge' | 'headless-shell'

/**
 * The source of a browser. `setting`: `WHATSAPP_CHROME_EXECUTABLE`. `own`: downloaded by this program into the user's cache.
 * `snap` and `flatpak` are confined and may be unable to open a profile outside the user's home, so they come last.
 */
export type BrowserSource = 'setting' | 'system' | 'path' | 'own' | 'snap' | 'flatpak'

/** A browser. `path` is the absolute path of a file that this user may execute. */
export type FoundBrowser = { path: string; kind: BrowserKind; source: BrowserSource }

/** The program of Debian's package `chromium-headless-shell`. It has the version of the installed Chromium, and uses the same profile. */
const DEBIAN_SHELL = '/usr/lib/chromium/chromium-headless-shell'

/** Returns the kind of a browser from its file name. */
export function kindOf(name: string): BrowserKind {
  if (/headless[-_]shell/i.test(name)) return 'headless-shell'
  if (/edge/i.test(name)) return 'edge'
  return /chromium/i.test(name) ? 'chromium' : 'chrome'
}

/** Yields all locations in the order that `findBrowser` documents. Does not check that they exist. */
export function* candidates(on: Machine, cacheDir: string, headless: boolean): Generator<FoundBrowser> {
  const places = on.platform === 'win32' ? windowsPlaces : on.platform === 'darwin' ? macPlaces : linuxPlaces
  // The program itself. The script on PATH stays its parent process and would get the signals.
  const shell: FoundBrowser = { path: DEBIAN_SHELL, kind: 'headless-shell', source: 'system' }
  if (headless && on.platform === 'linux') yield shell
  yield* places(on, stable)
  yield* ownBrowsers(on, cacheDir)
  yield* places(on, previews)
  if (on.platform === 'linux') yield* confinedPlaces(on)
  if (on.platform === 'linux') yield shell
  for (const name of [
    'chrome-headless-shell',
    'chromium-headless-shell',
    'headless-shell',
    'headless_shell',
  ]) {
    yield* onPath(on, on.platform === 'win32' ? `${name}.exe` : name, 'headless-shell')
  }
}

/**
 * The locations of a product. `linux`: its own path, then its names on PATH. `mac`: the name of its bundle. `windows`: the
 * file in a program folder, and its name on PATH.
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
  // The PATH of a service often lacks even the usual folders.
  for (const { kind, linux } of products) {
    for (const name of linux.slice(1)) yield { path: `/usr/bin/${name}`, kind, source: 'system' }
  }
}

function* macPlaces(on: Machine, products: Product[]): Generator<FoundBrowser> {
  for (const { kind, linux, mac } of products) {
    for (const folder of ['/Applications', on.path.join(on.homeDir, 'Applications')]) {
      yield { path: on.path.join(folder, `${mac}.app`, 'Contents', 'MacOS', mac), kind, source: 'system' }
    }
    // Package managers for the Mac use the names of Linux.
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
 * Yields the launchers of snap and flatpak. Snap's Chromium can read `$HOME`, but not its hidden folders or the system's
 * `/tmp`. A flatpak can read even less.
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

/** Yields the browsers that `install.ts` has stored in the cache, newest version first. The layout is that of @puppeteer/browsers 2.13. */
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
