/** The checks of `doctor`, and those of this computer: small functions. Each only reads the machine that it gets. */
import { dirname, join } from 'node:path'
import { BrowserNotFound } from '../browser/find.ts'
import { type Config, serverUrl } from '../config.ts'
import { foldersAbove, isOpenToAll, placesIn } from '../session/auth-dir.ts'
import { isNodeSupported, oldNode } from '../version.ts'
import { type Check, isServed, ok, problem, type Situation, type Verdict, warning } from './doctor-check.ts'
import { checkKeys } from './doctor-keys.ts'
import type { MachineView } from './doctor-machine.ts'
import { checkRules } from './doctor-rules.ts'
import {
  accessCheck,
  accountsCheck,
  capabilitiesCheck,
  sessionCheck,
  webhooksCheck,
} from './doctor-server.ts'
import { errnoOf } from './errno.ts'
import { stopLine } from './running.ts'
import { commandLineHere, quote } from './words.ts'

/** A fresh profile takes about 100 MB, and WhatsApp Web's storage grows with the account. */
const SCARCE_BYTES = 1024 ** 3
const TOO_LITTLE_BYTES = 200 * 1024 ** 2
const WHATSAPP_WEB = 'https://web.whatsapp.com/'
const NETWORK_MS = 8_000

/** Every check, in the order of the output. */
export const CHECKS: readonly Check[] = [
  { name: 'node', run: checkNode },
  { name: 'browser', run: checkBrowser },
  { name: 'ffmpeg', run: checkFfmpeg },
  { name: 'directory', run: checkDirectory },
  { name: 'permissions', run: checkPermissions },
  { name: 'keys', run: checkKeys },
  { name: 'lock', run: checkLock },
  { name: 'profile', run: checkProfile },
  { name: 'disk', run: checkDisk },
  { name: 'port', run: checkPort },
  { name: 'network', run: checkNetwork },
  accountsCheck,
  accessCheck,
  webhooksCheck,
  { name: 'rules', run: checkRules },
  sessionCheck,
  capabilitiesCheck,
]

async function checkNode({ machine: { nodeVersion } }: Situation): Promise<Verdict> {
  if (isNodeSupported(nodeVersion)) return ok(`Node ${nodeVersion} is supported.`)
  const { says, next } = oldNode(nodeVersion)
  return problem(says, next)
}

async function checkFfmpeg({ machine }: Situation): Promise<Verdict> {
  const { code, output } = await machine.run('ffmpeg', ['-hide_banner', '-encoders'])
  const next = 'To send any sound, video or sticker, install ffmpeg (on Debian: sudo apt-get install ffmpeg).'
  if (code !== 0)
    return warning('ffmpeg was not found: only media in the form that WhatsApp plays is sent.', next)
  const missing = ['libopus', 'libx264', 'aac', 'libwebp'].filter((one) => !output.includes(` ${one} `))
  return missing.length === 0
    ? ok('ffmpeg converts sounds, videos and stickers.')
    : warning(`This ffmpeg cannot write ${missing.join(', ')}.`, next)
}

async function checkBrowser({ config, machine }: Situation): Promise<Verdict> {
  let found: ReturnType<MachineView['findBrowser']>
  try {
    found = machine.findBrowser(config.chromeExecutable, config.headless)
  } catch (error) {
    if (error instanceof BrowserNotFound) return problem(error.message, error.hint)
    throw error
  }
  if (found === null) {
    return problem(
      'No browser was found.',
      'Install Google Chrome, Chromium or Edge, or set WHATSAPP_CHROME_EXECUTABLE to the path of a browser. "whatsapp-mcp-api serve" installs a browser if it can.',
    )
  }
  if (found.kind === 'headless-shell' && !config.headless) {
    return problem(
      `${found.path} cannot show a window, and WHATSAPP_HEADLESS=false requires one.`,
      'Install Google Chrome, Chromium or Edge, or set WHATSAPP_HEADLESS=true.',
    )
  }
  // On Windows --version opens a window.
  if (machine.platform !== 'win32') {
    const { code, output } = await machine.run(found.path, ['--version'])
    const last = output.trim().split('\n').at(-1)?.trim() || 'no output'
    if (code !== 0) {
      return problem(
        `${found.path} does not start: ${last}.`,
        'System libraries may be missing. Install a browser from the packages of the system (on Debian: sudo apt-get install chromium).',
      )
    }
  }
  if (found.source === 'snap' || found.source === 'flatpak') {
    return warning(
      `${found.path} is a ${found.source} package. It may lack the permission to open ${config.authDir}.`,
      'If linking fails, install Google Chrome or Chromium from another source, or set WHATSAPP_AUTH_DIR to a directory that is not hidden.',
    )
  }
  return ok(`${found.path} (${found.kind}) is used.`)
}

async function checkDirectory({ config: { authDir }, machine }: Situation): Promise<Verdict> {
  const elsewhere = 'choose another directory in WHATSAPP_AUTH_DIR'
  const place = await nearestExisting(authDir, machine)
  if (!place.isDirectory)
    return problem(`${place.path} is not a directory.`, `Move it away, or ${elsewhere}.`)
  const isThere = place.path === authDir
  if (isThere && machine.uid !== null && place.uid !== machine.uid) {
    return problem(
      `The directory ${authDir} belongs to another user.`,
      `Start the server as its owner, or ${elsewhere}.`,
    )
  }
  const why = await machine.whyNotWritable(place.path)
  if (why !== null) {
    const says = isThere
      ? `The directory ${authDir} is not writable (${why}).`
      : `The directory ${authDir} cannot be created: ${place.path} is not writable (${why}).`
    return problem(says, `Make it writable for the user that runs the server, or ${elsewhere}.`)
  }
  // Permissions do not show that a place rejects folders, such as /proc. If our folder exists, the place accepts them.
  const isUsed = isThere && (await machine.stat(placesIn(authDir).own)) !== null
  const refused = isUsed ? null : await machine.whyNotMade(place.path)
  if (refused !== null) {
    const what = isThere ? `A folder in ${authDir}` : `The directory ${authDir}`
    return problem(
      `${what} cannot be created: ${place.path} accepts no folders (${refused}).`,
      `If the disk is full, free disk space. Otherwise ${elsewhere}.`,
    )
  }
  return ok(isThere ? `${authDir} is writable.` : `The first start creates ${authDir}.`)
}

async function checkPermissions({ config: { authDir }, machine }: Situation): Promise<Verdict> {
  const { platform } = machine
  if (machine.uid === null) return ok('File permissions are not checked on this system.')
  const open: string[] = []
  const { profile, own } = placesIn(authDir)
  for (const path of [authDir, profile, own]) {
    const found = await machine.stat(path)
    if (found?.isDirectory && (found.mode & 0o077) !== 0) open.push(path)
  }
  const above: string[] = []
  for (const path of foldersAbove(authDir)) {
    const found = await machine.stat(path)
    if (found !== null && isOpenToAll(found.mode)) above.push(path)
  }
  if (above.length > 0) {
    return warning(
      `Every user of this computer can write to ${above.join(', ')} and can therefore replace the session.`,
      `Choose another directory in WHATSAPP_AUTH_DIR, or run: chmod o-w ${above.map((path) => quote(path, platform)).join(' ')}`,
    )
  }
  if (open.length === 0) return ok('Only the owner can open the session.')
  return warning(
    `Other users of this computer can open ${open.join(', ')}. A user who can read the session can use the account.`,
    `Run: chmod 700 ${open.map((path) => quote(path, platform)).join(' ')} (the next start does this too if the directory contains nothing else)`,
  )
}

/** Checks the lock of the directory, which only one server can hold, and that its holder is the server that responds. */
async function checkLock(situation: Situation): Promise<Verdict> {
  const { machine } = situation
  const { authDir } = situation.config
  const held = machine.lock(placesIn(authDir).lock)
  if (held === null) return ok('No server uses the directory.')
  const holder = `process ${held.pid}${held.host === null ? '' : ` on the computer ${held.host}`}`
  if (!held.isLive) {
    if (held.host === null)
      return ok(`A killed server left its lock (${holder}). The next start replaces it.`)
    return warning(
      `The directory contains the lock of another computer or container (${holder}). The directory was copied, or a container was restarted or recreated.`,
      'If no other computer uses this directory, do nothing: the next start replaces the lock. Never run two copies of one session.',
    )
  }
  if (isServed(situation)) return ok(`The running server (${holder}) uses the directory.`)
  return problem(
    `Another server (${holder}) uses ${authDir}, but it does not respond at this address.`,
    `Stop that server (${stopLine(authDir)}), or give this one its own WHATSAPP_AUTH_DIR and WHATSAPP_MCP_PORT.`,
  )
}

/** Checks Chromium's own lock, which names host and process (chrome/browser/process_singleton_posix.cc). */
async function checkProfile({ config: { authDir }, machine }: Situation): Promise<Verdict> {
  const owner = await machine.readlink(join(placesIn(authDir).profile, 'SingletonLock'))
  const dash = owner?.lastIndexOf('-') ?? -1
  const host = owner?.slice(0, dash)
  if (host === undefined || host === machine.hostname)
    return ok('No browser of another computer uses the profile.')
  return warning(
    `The profile contains the lock of a browser of another computer (${host}, process ${owner?.slice(dash + 1)}).`,
    'If no other computer uses this profile, do nothing: the next start removes the lock. Never run two copies of one session.',
  )
}

async function checkDisk({ config: { authDir }, machine }: Situation): Promise<Verdict> {
  const { path } = await nearestExisting(authDir, machine)
  const { bytes, files } = await machine.free(path)
  const left = `${Math.floor(bytes / 1024 ** 2)} MB`
  const next = `Free space on the disk of ${path}, or move the session with WHATSAPP_AUTH_DIR.`
  if (files === 0) return problem(`The disk of ${path} cannot store more files.`, next)
  if (bytes < TOO_LITTLE_BYTES)
    return problem(
      `The disk of ${path} is nearly full: ${left} free. A full disk can destroy the session.`,
      next,
    )
  if (bytes < SCARCE_BYTES) return warning(`The disk of ${path} has only ${left} free.`, next)
  return ok(`${left} of disk space are free.`)
}

async function checkPort(situation: Situation): Promise<Verdict> {
  const { config, machine, answering } = situation
  const { host, port } = config
  const url = serverUrl(host, port)
  const other = 'choose another port in WHATSAPP_MCP_PORT (--port)'
  switch (answering.who) {
    case 'server':
      if (isServed(situation)) return ok(`The server runs at ${url}.`)
      return problem(
        `The server at ${url} uses another directory: ${answering.status.auth_dir}.`,
        `To check that server: ${commandLineHere(`doctor --url ${url}`)}. To run a server here, stop that one, or ${other}.`,
      )
    case 'other_user':
      return problem(
        `A server of another user of this computer uses port ${port}.`,
        `To run your own server, ${other}.`,
      )
    case 'locked':
      return ok(`A server that requires a key runs at ${url}. Its status was not read: use --key-file.`)
    case 'nobody_of_ours': {
      if (port === 0) return ok('The start selects a free port.')
      const why = await machine.whyNotListen(host, port)
      return why === null ? ok(`Port ${port} is free; no server runs.`) : explainPort(why, config, machine)
    }
  }
}

function explainPort(why: string, { host, port }: Config, { platform }: MachineView): Verdict {
  switch (why) {
    case 'EADDRINUSE': {
      const look = WHO_LISTENS[platform]?.(port) ?? `lsof -i :${port}`
      return problem(
        `Another program uses port ${port}.`,
        `Stop the program (find it with: ${look}), or choose another port in WHATSAPP_MCP_PORT (--port).`,
      )
    }
    case 'EACCES':
      return problem(
        `This user may not bind port ${port}.`,
        'Choose a port above 1023 in WHATSAPP_MCP_PORT (--port).',
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return problem(
        `This computer does not have the address ${host}.`,
        'Set WHATSAPP_MCP_HOST to 127.0.0.1.',
      )
    default:
      return problem(
        `Port ${port} cannot be bound (${why}).`,
        'Choose another port in WHATSAPP_MCP_PORT (--port).',
      )
  }
}

const WHO_LISTENS: Partial<Record<NodeJS.Platform, (port: number) => string>> = {
  linux: (port) => `ss -ltnp 'sport = :${port}'`,
  win32: () => 'netstat -ano',
}

async function checkNetwork({ config, machine, answering }: Situation): Promise<Verdict> {
  if (machine.running(config.authDir)?.addresses?.phone !== undefined)
    return ok('The server is a sandbox and needs no network.')
  if (answering.who === 'server' && answering.status.connected)
    return ok('The running server is connected to WhatsApp.')
  try {
    const answer = await machine.fetch(WHATSAPP_WEB, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(NETWORK_MS),
    })
    if (answer.status < 500) return ok('WhatsApp Web is reachable.')
    return warning(`WhatsApp Web returns an error (HTTP ${answer.status}).`, 'Try again later.')
  } catch (error) {
    return explainNetwork(errnoOf(error) ?? 'timeout', machine)
  }
}

function explainNetwork(code: string, { env }: MachineView): Verdict {
  const what = NETWORK_CODES.find(([pattern]) => pattern.test(code)) ?? [
    /./,
    'does not respond',
    'Check the network and the firewall.',
  ]
  const says = `WhatsApp Web (web.whatsapp.com) ${what[1]} (${code}).`
  // The browser goes through a proxy of the environment; Node's fetch does not.
  const proxy = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'].find((name) => env[name])
  return proxy === undefined
    ? problem(says, what[2])
    : warning(
        `Without the proxy, ${says}`,
        `The browser uses ${proxy}; if the start fails, check that proxy.`,
      )
}

const NETWORK_CODES: [code: RegExp, what: string, next: string][] = [
  [
    /^(ENOTFOUND|EAI_)/,
    'cannot be resolved by DNS',
    'Connect this machine to the internet, or check its DNS settings.',
  ],
  [/^(ENETUNREACH|EHOSTUNREACH|ENETDOWN)/, 'cannot be reached', 'Connect this machine to the internet.'],
  [
    /CERT|SIGNED|SSL|TLS/,
    'has an invalid certificate',
    'Check the clock of this machine, and whether a proxy inspects the traffic.',
  ],
]

/** Returns the path itself, or the closest existing path above it. */
async function nearestExisting(
  path: string,
  machine: MachineView,
): Promise<{ path: string; isDirectory: boolean; uid: number }> {
  for (let place = path; ; place = dirname(place)) {
    const found = await machine.stat(place)
    if (found !== null) return { path: place, isDirectory: found.isDirectory, uid: found.uid }
    if (dirname(place) === place) return { path: place, isDirectory: false, uid: 0 }
  }
}
