/** The browser's command line: what we add to puppeteer's own defaults, and why. */
import { existsSync, readFileSync } from 'node:fs'

const BASE = [
  '--no-first-run',
  '--no-default-browser-check',
  // Nothing but WhatsApp Web is to be contacted.
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  // A page that nobody looks at must go on working at full speed.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  // Two hidden pages of the address bar and a renderer kept in reserve cost memory and serve nobody here.
  '--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,SpareRendererForSitePerProcess',
  // One process less. It runs without a sandbox of its own on Linux either way.
  '--enable-features=NetworkServiceInProcess2',
]

/** Without a window nothing is drawn, so no process is needed to draw it. */
const HEADLESS = ['--disable-gpu', '--disable-software-rasterizer']

/**
 * The arguments, and whether the browser's own sandbox is off: Chromium refuses to run as root with it, and a
 * container may give it no user namespaces to build it from. Anywhere else it stays on.
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

function isContainerWithoutNamespaces(): boolean {
  if (process.platform !== 'linux' || !(existsSync('/.dockerenv') || existsSync('/run/.containerenv')))
    return false
  return ['/proc/sys/kernel/unprivileged_userns_clone', '/proc/sys/user/max_user_namespaces'].some((file) => {
    try {
      return readFileSync(file, 'utf8').trim() === '0'
    } catch {
      return false
    }
  })
}
