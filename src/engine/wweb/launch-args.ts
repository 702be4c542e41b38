/** The browser's command line: our additions to puppeteer's defaults, with their reasons. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

const BASE = [
  '--no-first-run',
  '--no-default-browser-check',
  // The browser contacts nothing but WhatsApp Web.
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Three services contact Google in spite of the flags above (Chromium 156); the next three flags stop them. Port 9 is one that Chromium never connects to.
  '--gaia-url=http://127.0.0.1:9',
  '--component-updater=url-source=http://127.0.0.1:9/',
  '--disable-features=NetworkTimeServiceQuerying',
  '--disable-quic',
  // A page in the background must run at full speed.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  // Two hidden pages of the address bar and a spare renderer only use memory here. puppeteer joins the lists of features.
  '--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,SpareRendererForSitePerProcess',
  // One process less. On Linux it runs without its own sandbox either way.
  '--enable-features=NetworkServiceInProcess2',
]

/** Without a window nothing is drawn, so no GPU process is required. */
const HEADLESS = ['--disable-gpu', '--disable-software-rasterizer']

/**
 * The arguments, and whether the browser's own sandbox is off: Chromium refuses to run as root with it, and a
 * container may not allow the user namespaces that it requires. Anywhere else it stays on.
 */
export function launchArgs(
  headless: boolean,
  extra: readonly string[],
): { args: string[]; sandboxOff: boolean } {
  const sandboxOff = process.getuid?.() === 0 || isContainerWithoutNamespaces()
  return {
    args: [...BASE, ...(headless ? HEADLESS : []), ...(sandboxOff ? ['--no-sandbox'] : []), ...extra],
    sandboxOff,
  }
}

/** Docker leaves the first file, Podman the second; Kubernetes and our own image (systemd, "The Container Interface") set variables. */
function isContainer({ container, KUBERNETES_SERVICE_HOST: kubernetes }: NodeJS.ProcessEnv): boolean {
  return (
    Boolean(container ?? kubernetes) || ['/.dockerenv', '/run/.containerenv'].some((file) => existsSync(file))
  )
}

const TRY_MS = 5_000
let isRefused: boolean | undefined

/** Tries to make a user namespace, once: Docker's default filter forbids that, which the settings of the kernel do not show. */
function isContainerWithoutNamespaces(): boolean {
  if (process.platform !== 'linux' || !isContainer(process.env)) return false
  isRefused ??= areNamespacesRefused()
  return isRefused
}

function areNamespacesRefused(): boolean {
  const { status } = spawnSync('unshare', ['--user', 'true'], { timeout: TRY_MS })
  if (status !== null) return status !== 0
  // There is no such program.
  return ['/proc/sys/kernel/unprivileged_userns_clone', '/proc/sys/user/max_user_namespaces'].some((file) => {
    try {
      return readFileSync(file, 'utf8').trim() === '0'
    } catch {
      return false
    }
  })
}
