/** `whatsapp-mcp-api sandbox`: the same server, library and browser, with the double in the place of WhatsApp. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSimulator } from '../../simulator/open-simulator.ts'
import type { BuildName, Pace, Simulator, World } from '../../simulator/simulator.ts'
import { type GivenSettings, readConfig } from '../config.ts'
import { readOwnEnvironment } from '../environment.ts'
import { toPath } from '../home.ts'
import { makeFolder } from '../make-folder.ts'
import type { Status } from '../model/status.ts'
import { openApi } from './client.ts'
import { dataRoot } from './data-dir.ts'
import { errnoOf } from './errno.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { runServer } from './run-server.ts'
import { type Running, runningIn, stopLine } from './running.ts'
import { nameOf } from './status.ts'
import { plain } from './terminal.ts'
import { whoAnswers } from './who-answers.ts'
import { typed } from './words.ts'

/** A start answers within 28 s; loading the seeded chats takes seconds. */
const START_MS = 35_000
const READY_MS = 60_000

type SandboxFlags = {
  linked: boolean
  port: number
  'phone-port': number
  dir: string
  build: BuildName
  pace: Pace
  seed: number
}

/** Runs server and double until a signal; resolves with the exit code. Settings of the real server do not apply. */
export async function sandbox(settings: GivenSettings, flags: SandboxFlags): Promise<number> {
  const dir = flags.dir === '' ? join(dataRoot(), '.sandbox') : toPath(flags.dir)
  // Nothing of the real server's settings applies here, but for the browser to use and how much is logged.
  const { WHATSAPP_CHROME_EXECUTABLE, WHATSAPP_HEADLESS, WHATSAPP_MCP_LOG_LEVEL } = readOwnEnvironment(
    dataRoot,
    settings,
  )
  const config = readConfig({
    root: dir,
    flags: settings,
    env: {
      WHATSAPP_AUTH_DIR: dir,
      WHATSAPP_MCP_PORT: String(flags.port),
      WHATSAPP_CHROME_EXECUTABLE,
      WHATSAPP_HEADLESS,
      WHATSAPP_MCP_LOG_LEVEL,
    },
  })
  const other = runningIn(dir)
  if (other !== null) throw runsAlready(dir, other)
  const simulator = await open(dir, flags)
  const phone = simulator.controlUrl ?? ''
  const code = await runServer({
    config,
    sandbox: { browserArgs: simulator.chromiumArgs, phone },
    // It is scanned at once.
    drawsQr: !flags.linked,
    async onListening(url) {
      process.stdout.write(
        flags.linked
          ? renderLinked(url, phone, await link(url, simulator.world), simulator.world)
          : renderUnlinked(url, phone),
      )
    },
  })
  await simulator.close()
  return code
}

async function open(dir: string, flags: SandboxFlags): Promise<Simulator> {
  const dataDir = join(dir, '.whatsapp-mcp-api', 'simulator')
  const port = flags['phone-port']
  try {
    makeFolder(dataDir, 0o700)
  } catch (error) {
    throw new CommandError(
      `The directory ${dataDir} cannot be used: ${error instanceof Error ? error.message : error}.`,
      'Make it writable for this user, or choose another one: --dir DIR.',
      EXIT.directory,
      { cause: error },
    )
  }
  try {
    const { seed, pace, build } = flags
    return await openSimulator({
      dataDir,
      seed,
      examples: true,
      pace,
      build,
      control: { host: '127.0.0.1', port },
    })
  } catch (error) {
    const code = errnoOf(error)
    // A sandbox of another directory at the ports of this one.
    const answering = code === 'EADDRINUSE' ? await whoAnswers({ host: '127.0.0.1', port: flags.port }) : null
    const theirs = answering?.who === 'server' ? answering.status.auth_dir : null
    const other = theirs === null ? null : runningIn(theirs)
    if (theirs !== null && other !== null) throw runsAlready(theirs, other)
    if (code === 'EADDRINUSE' || code === 'EACCES') {
      throw new CommandError(
        `Port ${port} for the phone page cannot be bound (${code}).`,
        'Stop what uses it, or choose another: --phone-port PORT.',
        EXIT.port,
        { cause: error },
      )
    }
    throw error
  }
}

function runsAlready(dir: string, { pid, addresses }: Running): CommandError {
  const links =
    addresses === null
      ? ''
      : `\n  server  ${addresses.url}\n  QR      ${addresses.url}/qr${addresses.phone === undefined ? '' : `\n  phone   ${addresses.phone}`}`
  return new CommandError(
    `A sandbox already runs (process ${pid}), in ${plain(dir)}.${links}`,
    `Use it, or stop it: ${stopLine(dir)}\nTo run another beside it, choose another --dir, --port and --phone-port.`,
    EXIT.directory,
  )
}

/** From whatever is saved here to ready, with the phone in the double's hand. */
async function link(url: string, world: World): Promise<Status> {
  const api = openApi({ url, isNamed: true })
  let now = await api.post<Status>('/api/auth/start', {}, START_MS)
  // A session that the double no longer knows (another world, a link lost in a crash): this start found that out.
  if (now.reason === 'logged_out') now = await api.post<Status>('/api/auth/start', {}, START_MS)
  if (now.state === 'qr') await world.scan()
  for (const until = Date.now() + READY_MS; now.state !== 'ready' && Date.now() < until; await sleep(100)) {
    now = await api.get<Status>('/api/status')
    if (now.state === 'stopped' || now.state === 'auth_failure') break
  }
  if (now.state === 'ready') return now
  throw new CommandError(
    `The seeded account could not be linked: the session is ${now.state}. ${now.last_error ?? ''}`.trim(),
    'Try it with an empty directory: --dir DIR. The doctor looks at the browser: whatsapp-mcp-api doctor',
    EXIT.failed,
  )
}

function renderUnlinked(url: string, phone: string): string {
  return `
A simulated WhatsApp is running. Nothing leaves this machine.
  phone   ${phone}   (scan the code here, write as your contacts)
  link    open ${url}/qr and press Start, or: ${typed(`auth --url ${url}`)}
  status  ${url}/api/status
${toNameIt(url)}`
}

/** The calls must work as they are printed: a test runs them. */
function renderLinked(url: string, phone: string, { account }: Status, world: World): string {
  const contact = world.state().contacts[0]
  const to = contact?.phone ?? ''
  const post = (address: string, body: object) =>
    `curl ${address} -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`
  return `
A simulated WhatsApp is running${account === null ? '' : `, linked as ${nameOf(account)}`}. Nothing leaves this machine.
  phone   ${phone}   (write as your contacts here)

Who wrote, what did ${contact?.name ?? 'a contact'} say, and an answer:
  curl ${url}/api/chats
  curl '${url}/api/messages?phone_number=${to}'
  ${post(`${url}/api/send`, { phone_number: to, message: 'Hello from the sandbox' })}
${toNameIt(url)}`
}

/** Else a terminal means the server of the account of its user, and calls of the pages mean none. */
function toNameIt(url: string): string {
  const line = process.platform === 'win32' ? `set WHATSAPP_MCP_URL=${url}` : `export WHATSAPP_MCP_URL=${url}`
  return `
Name the sandbox in another terminal, and the commands and calls of the docs go there:
  ${line}
`
}
