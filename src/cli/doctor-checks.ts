/** What `doctor` checks: a flat list of small functions, each a pure reading of the machine it is given. */
import { dirname, join } from 'node:path'
import { BrowserNotFound } from '../browser/find.ts'
import { type Config, serverUrl } from '../config.ts'
import { foldersAbove, isOpenToAll, placesIn } from '../session/auth-dir.ts'
import { isNodeSupported, oldNode } from '../version.ts'
import type { MachineView } from './doctor-machine.ts'
import { errnoOf } from './errno.ts'
import { stopLine } from './running.ts'
import type { Answering } from './who-answers.ts'
import { quote, typed } from './words.ts'

/**
 * `problem`: the server does not work until somebody does the next step. `warning`: it works, or mends this itself at
 * the next start, but somebody should know.
 */
export type Level = 'ok' | 'warning' | 'problem'

export type Finding = {
  check: string
  level: Level
  /** One sentence. */
  says: string
  /** What to do; null where nothing is to do. */
  next: string | null
}

export type Situation = { config: Config; machine: MachineView; answering: Answering }

export type Check = { name: string; run(situation: Situation): Promise<Verdict> }

type Verdict = Omit<Finding, 'check'>

const ok = (says: string): Verdict => ({ level: 'ok', says, next: null })
const warning = (says: string, next: string): Verdict => ({ level: 'warning', says, next })
const problem = (says: string, next: string): Verdict => ({ level: 'problem', says, next })

/** A fresh profile takes about 100 MB, and WhatsApp Web's storage grows with the account. */
const SCARCE_BYTES = 1024 ** 3
const TOO_LITTLE_BYTES = 200 * 1024 ** 2
const WHATSAPP_WEB = 'https://web.whatsapp.com/'
const NETWORK_MS = 8_000

/** Every check, in the order in which people should read the findings. */
export const CHECKS: readonly Check[] = [
  { name: 'node', run: checkNode },
  { name: 'browser', run: checkBrowser },
  { name: 'directory', run: checkDirectory },
  { name: 'permissions', run: checkPermissions },
  { name: 'lock', run: checkLock },
  { name: 'profile', run: checkProfile },
  { name: 'disk', run: checkDisk },
  { name: 'port', run: checkPort },
  { name: 'network', run: checkNetwork },
  { name: 'session', run: checkSession },
]

async function checkNode({ machine: { nodeVersion } }: Situation): Promise<Verdict> {
  if (isNodeSupported(nodeVersion)) return ok(`Node ${nodeVersion} is supported.`)
  const { says, next } = oldNode(nodeVersion)
  return problem(says, next)
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
      'Install Google Chrome, Chromium or Edge, or name one in WHATSAPP_CHROME_EXECUTABLE; "whatsapp-mcp-api serve" installs one if it can.',
    )
  }
  if (found.kind === 'headless-shell' && !config.headless) {
    return problem(
      `${found.path} has no window, and WHATSAPP_HEADLESS=false asks for one.`,
      'Install Google Chrome, Chromium or Edge, or set WHATSAPP_HEADLESS=true.',
    )
  }
  // On Windows --version opens a window.
  if (machine.platform !== 'win32') {
    const { code, output } = await machine.run(found.path, ['--version'])
    const last = output.trim().split('\n').at(-1)?.trim() || 'it said nothing'
    if (code !== 0) {
      return problem(
        `${found.path} does not start: ${last}.`,
        'Its system libraries may be missing: install a browser from the system’s packages (on Debian: sudo apt-get install chromium).',
      )
    }
  }
  if (found.source === 'snap' || found.source === 'flatpak') {
    return warning(
      `${found.path} is a ${found.source} package, which may be kept from opening ${config.authDir}.`,
      'If linking fails, install Google Chrome or Chromium from another source, or choose a directory that is not hidden in WHATSAPP_AUTH_DIR.',
    )
  }
  return ok(`${found.path} (${found.kind}) is used.`)
}

async function checkDirectory({ config: { authDir }, machine }: Situation): Promise<Verdict> {
  const elsewhere = 'choose another directory in WHATSAPP_AUTH_DIR'
  const place = await nearest(authDir, machine)
  if (!place.isDirectory)
    return problem(`${place.path} is in the way: it is not a directory.`, `Move it, or ${elsewhere}.`)
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
      : `The directory ${authDir} cannot be made: ${place.path} is not writable (${why}).`
    return problem(says, `Make it writable for the user that runs the server, or ${elsewhere}.`)
  }
  // Permissions say nothing about a place that takes no folders, such as /proc. Where ours is, one was made.
  const isUsed = isThere && (await machine.stat(placesIn(authDir).own)) !== null
  const refused = isUsed ? null : await machine.whyNotMade(place.path)
  if (refused !== null) {
    const what = isThere ? `A folder in ${authDir}` : `The directory ${authDir}`
    return problem(
      `${what} cannot be made: ${place.path} takes no folders (${refused}).`,
      `Free some space if the disk is full, or ${elsewhere}.`,
    )
  }
  return ok(isThere ? `${authDir} is writable.` : `${authDir} will be made at the first start.`)
}

async function checkPermissions({ config: { authDir }, machine }: Situation): Promise<Verdict> {
  const { platform } = machine
  if (machine.uid === null) return ok('The file permissions of this system are not looked at.')
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
      `Every user of this computer can write to ${above.join(', ')}, and so replace the session below it.`,
      `chmod o-w ${above.map((path) => quote(path, platform)).join(' ')}, or choose another directory in WHATSAPP_AUTH_DIR`,
    )
  }
  if (open.length === 0) return ok('Only its owner can open the session.')
  return warning(
    `Other users of this computer can open ${open.join(', ')}; whoever reads the session has the account.`,
    `chmod 700 ${open.map((path) => quote(path, platform)).join(' ')} (the next start does so too, where the directory holds nothing else)`,
  )
}

/** One server a directory: who holds it, and is that the one that answers? */
async function checkLock({ config: { authDir }, machine, answering }: Situation): Promise<Verdict> {
  const held = machine.lock(placesIn(authDir).lock)
  if (held === null) return ok('No server uses the directory.')
  const holder = `process ${held.pid}${held.host === null ? '' : ` on the computer ${held.host}`}`
  if (!held.isLive) {
    if (held.host === null)
      return ok(`A server that was killed left its lock (${holder}); the next start takes it over.`)
    return warning(
      `The lock of another computer lies in the directory (${holder}): it was copied, or a container was made anew.`,
      'Nothing, if no other computer uses this directory: the next start takes it over. Never run two copies of one session.',
    )
  }
  if (isOurs(answering, authDir)) return ok(`The running server (${holder}) uses the directory.`)
  return problem(
    `Another server (${holder}) uses ${authDir}, and it does not answer at this address.`,
    `Stop that server (${stopLine(authDir)}), or give this one its own WHATSAPP_AUTH_DIR and WHATSAPP_MCP_PORT.`,
  )
}

/** Chromium's own lock names host and process (chrome/browser/process_singleton_posix.cc). */
async function checkProfile({ config: { authDir }, machine }: Situation): Promise<Verdict> {
  const owner = await machine.readlink(join(placesIn(authDir).profile, 'SingletonLock'))
  const dash = owner?.lastIndexOf('-') ?? -1
  const host = owner?.slice(0, dash)
  if (host === undefined || host === machine.hostname)
    return ok('No browser of another computer holds the profile.')
  return warning(
    `The browser of another computer (${host}, process ${owner?.slice(dash + 1)}) left its lock in the profile.`,
    'Nothing, if no other computer uses this profile: the next start removes it. Never run two copies of one session.',
  )
}

async function checkDisk({ config: { authDir }, machine }: Situation): Promise<Verdict> {
  const { path } = await nearest(authDir, machine)
  const { bytes, files } = await machine.free(path)
  const left = `${Math.floor(bytes / 1024 ** 2)} MB`
  const next = `Free some space on the disk that holds ${path}, or move the session: WHATSAPP_AUTH_DIR.`
  if (files === 0) return problem(`The disk that holds ${path} takes no more files.`, next)
  if (bytes < TOO_LITTLE_BYTES)
    return problem(
      `The disk that holds ${path} is nearly full: ${left} left. A session can be lost on a full disk.`,
      next,
    )
  if (bytes < SCARCE_BYTES) return warning(`The disk that holds ${path} has ${left} left.`, next)
  return ok(`${left} are free for the session.`)
}

async function checkPort({ config, machine, answering }: Situation): Promise<Verdict> {
  const { host, port, authDir } = config
  const url = serverUrl(host, port)
  const other = 'choose another in WHATSAPP_MCP_PORT (--port)'
  switch (answering.who) {
    case 'server':
      if (isOurs(answering, authDir)) return ok(`The server runs at ${url}.`)
      return problem(
        `At ${url} answers the server of another directory, ${answering.status.auth_dir}.`,
        `To look at that server: ${typed(`doctor --url ${url}`)}. To run another here, stop it, or ${other}.`,
      )
    case 'other_user':
      return problem(
        `Port ${port} is taken by the server of another user of this computer.`,
        `To run your own, ${other}.`,
      )
    case 'nobody_of_ours': {
      if (port === 0) return ok('A free port is picked at the start.')
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
        `Port ${port} is taken by another program.`,
        `Stop it (${look} names it), or choose another in WHATSAPP_MCP_PORT (--port).`,
      )
    }
    case 'EACCES':
      return problem(
        `Port ${port} may not be bound by this user.`,
        'Choose one above 1023 in WHATSAPP_MCP_PORT (--port).',
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return problem(
        `This computer does not have the address ${host}.`,
        'Use 127.0.0.1 in WHATSAPP_MCP_HOST.',
      )
    default:
      return problem(
        `Port ${port} cannot be bound (${why}).`,
        'Choose another in WHATSAPP_MCP_PORT (--port).',
      )
  }
}

const WHO_LISTENS: Partial<Record<NodeJS.Platform, (port: number) => string>> = {
  linux: (port) => `ss -ltnp 'sport = :${port}'`,
  win32: () => 'netstat -ano',
}

async function checkNetwork({ config, machine, answering }: Situation): Promise<Verdict> {
  if (machine.running(config.authDir)?.addresses?.phone !== undefined)
    return ok('The server is a sandbox, which needs no network.')
  if (answering.who === 'server' && answering.status.connected)
    return ok('The running server is connected to WhatsApp.')
  try {
    const answer = await machine.fetch(WHATSAPP_WEB, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(NETWORK_MS),
    })
    if (answer.status < 500) return ok('WhatsApp Web is reachable.')
    return warning(`WhatsApp Web answers with an error of its own (${answer.status}).`, 'Try again later.')
  } catch (error) {
    return explainNetwork(errnoOf(error) ?? 'timeout', machine)
  }
}

function explainNetwork(code: string, { env }: MachineView): Verdict {
  const what = NETWORK_CODES.find(([pattern]) => pattern.test(code)) ?? [
    /./,
    'does not answer',
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
    'is not known to the name server',
    'Connect this machine to the internet, or check its DNS.',
  ],
  [/^(ENETUNREACH|EHOSTUNREACH|ENETDOWN)/, 'cannot be reached', 'Connect this machine to the internet.'],
  [
    /CERT|SIGNED|SSL|TLS/,
    'shows a certificate that is not its own',
    'Check the clock of this machine, and whether something reads the traffic on the way.',
  ],
]

/** What the running server says about the link. */
async function checkSession({ config, answering }: Situation): Promise<Verdict> {
  if (answering.who !== 'server' || !isOurs(answering, config.authDir))
    return ok('No server of this directory runs, so the link was not looked at.')
  const { state, connected, reason, last_error, next_step } = answering.status
  const says = `The session is ${state}${reason === null ? '' : ` (${reason})`}${last_error === null ? '.' : `: ${last_error}`}`
  if (
    state === 'auth_failure' ||
    state === 'disconnected' ||
    (state === 'ready' && !connected) ||
    last_error !== null
  )
    return warning(says, next_step ?? 'docs/troubleshooting.md tells more.')
  return ok(says)
}

/** Is what answers the server of this very directory? */
function isOurs(answering: Answering, authDir: string): boolean {
  return answering.who === 'server' && answering.status.auth_dir === authDir
}

/** The path itself, or the closest one above it that exists. */
async function nearest(
  path: string,
  machine: MachineView,
): Promise<{ path: string; isDirectory: boolean; uid: number }> {
  for (let place = path; ; place = dirname(place)) {
    const found = await machine.stat(place)
    if (found !== null) return { path: place, isDirectory: found.isDirectory, uid: found.uid }
    if (dirname(place) === place) return { path: place, isDirectory: false, uid: 0 }
  }
}
