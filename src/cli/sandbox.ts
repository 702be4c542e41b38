/** `whatsapp-mcp-api sandbox`: the same server, library and browser, with simulated WhatsApp. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSimulator } from '../../simulator/open-simulator.ts'
import type { BuildName, Pace, Simulator, World } from '../../simulator/simulator.ts'
import { type GivenSettings, readConfig, SETTINGS, type SettingName } from '../config.ts'
import { readOwnEnvironment } from '../environment.ts'
import { toPath } from '../home.ts'
import { makeFolder } from '../make-folder.ts'
import { accountIdInput, DEFAULT_ACCOUNT } from '../model/ids.ts'
import type { Status } from '../model/status.ts'
import { PLACES } from './commands/serving.ts'
import { dataRoot } from './data-dir.ts'
import { errnoOf } from './errno.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { type App, runServer } from './run-server.ts'
import { type Running, runningIn, stopLine } from './running.ts'
import { nameOf } from './status.ts'
import { printable } from './terminal.ts'
import { identifyListener } from './who-answers.ts'
import { commandLineHere } from './words.ts'

/** Loading the sample chats takes seconds. */
const READY_MS = 60_000

/** The text command of the sandbox. It reads documents that are plain text, so that reading documents can be tried. */
export const PRINTS_TEXT = `"${process.execPath}" -p "require('node:fs').readFileSync(process.argv[1], 'utf8')" {file}`

type SandboxFlags = {
  linked: boolean
  accounts: number
  port: number
  'phone-port': number
  dir: string
  build: BuildName
  pace: Pace
  seed: number
}

/** The settings that also apply if the environment or `.env` gives them; the others belong to the real server. */
const SHARED: readonly SettingName[] = [
  'WHATSAPP_CHROME_EXECUTABLE',
  'WHATSAPP_HEADLESS',
  'WHATSAPP_MCP_LOG_LEVEL',
  'WHATSAPP_TRANSCRIBE_COMMAND',
  'WHATSAPP_TEXT_COMMAND',
]

/** Runs server and double until a signal. Resolves with the exit code. */
export async function sandbox(settings: GivenSettings, flags: SandboxFlags): Promise<number> {
  const dir = flags.dir === '' ? join(dataRoot(), '.sandbox') : toPath(flags.dir)
  const environment = readOwnEnvironment(dataRoot, { ...settings, WHATSAPP_AUTH_DIR: dir })
  warnOfUnused(settings)
  const config = readConfig({
    root: dir,
    flags: settings,
    env: {
      WHATSAPP_TEXT_COMMAND: PRINTS_TEXT,
      ...Object.fromEntries(
        SHARED.flatMap((name) => (name in environment ? [[name, environment[name]]] : [])),
      ),
      WHATSAPP_AUTH_DIR: dir,
      WHATSAPP_MCP_PORT: String(flags.port),
    },
  })
  const other = runningIn(dir)
  if (other !== null) throw runsAlready(dir, other)
  const simulator = await open(dir, flags)
  const phone = simulator.controlUrl ?? ''
  const code = await runServer({
    config,
    sandbox: { browserArgs: simulator.chromiumArgs, phone },
    // With --linked, the code is scanned at once.
    drawsQr: !flags.linked,
    async onListening(url, app) {
      process.stdout.write(
        flags.linked
          ? renderLinked(url, phone, await linkAll(app, simulator.world, flags.accounts), simulator.world)
          : renderUnlinked(url, phone),
      )
    },
  })
  await simulator.close()
  return code
}

/** Prints which settings of the environment the sandbox ignores, and how to give them. Leaves out {@link PLACES}, which it never takes. */
function warnOfUnused(given: GivenSettings): void {
  const exempt = [...SHARED, ...PLACES]
  const names = (Object.keys(SETTINGS) as SettingName[]).filter(
    (name) => Boolean(process.env[name]) && !exempt.includes(name) && given[name] === undefined,
  )
  if (names.length === 0) return
  const flagged = names.flatMap((name) => SETTINGS[name].flag ?? [])
  process.stderr.write(
    `The sandbox does not use these settings of the environment: ${names.join(', ')}. ` +
      `Give settings as flags${flagged.length === 0 ? '' : `: ${flagged.map((flag) => `--${flag}`).join(', ')}`}.\n`,
  )
}

async function open(dir: string, flags: SandboxFlags): Promise<Simulator> {
  const dataDir = join(dir, '.whatsapp-mcp-api', 'simulator')
  const port = flags['phone-port']
  try {
    makeFolder(dataDir, 0o700)
  } catch (error) {
    throw new CommandError(
      `The directory ${dataDir} cannot be used: ${error instanceof Error ? error.message : error}.`,
      'Make it writable for this user, or choose another directory: --dir DIR.',
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
    // A sandbox of another directory may use these ports.
    const answering =
      code === 'EADDRINUSE' ? await identifyListener({ host: '127.0.0.1', port: flags.port }) : null
    const theirs = answering?.who === 'server' ? answering.status.auth_dir : null
    const other = theirs === null ? null : runningIn(theirs)
    if (theirs !== null && other !== null) throw runsAlready(theirs, other)
    if (code === 'EADDRINUSE' || code === 'EACCES') {
      throw new CommandError(
        `Port ${port} for the phone page cannot be bound (${code}).`,
        'Stop the program that uses it, or choose another port: --phone-port PORT.',
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
    `A sandbox already runs (process ${pid}) in ${printable(dir)}.${links}`,
    `Use it, or stop it: ${stopLine(dir)}\nTo run a second sandbox, choose another --dir, --port and --phone-port.`,
    EXIT.directory,
  )
}

/** The second account, and its number on the simulated WhatsApp. */
const SECOND = {
  id: accountIdInput.parse('second'),
  label: 'Second sample account',
  phone: '15550003000',
  pushname: 'Kim Example',
}

/** Links this number of accounts. Resolves with the status of the first. */
async function linkAll({ accounts }: App, world: World, count: number): Promise<Status> {
  const first = await link(accounts.get(DEFAULT_ACCOUNT), world)
  if (count < 2) return first
  const { id, label, phone, pushname } = SECOND
  if (!accounts.list().some((one) => one.id === id)) await accounts.add({ id, label, proxy: null })
  const own = world.state().account.phone
  world.switchAccount({ phone, pushname })
  await link(accounts.get(id), world)
  world.introduceAccounts()
  world.switchAccount({ phone: own })
  return first
}

/** Links one account, and waits until its session is ready. */
async function link({ session }: Pick<App, 'session'>, world: World): Promise<Status> {
  await session.start()
  // The double no longer has the saved session (another world, a crash). The first start removed it; start again.
  if (session.status().reason === 'logged_out') await session.start()
  let isScanned = false
  for (const until = Date.now() + READY_MS; Date.now() < until; await sleep(100)) {
    const status = session.status()
    if (status.state === 'ready') return status
    // On a slow computer, the code comes after the start.
    if (status.state === 'qr' && !isScanned) {
      await world.scan()
      isScanned = true
    }
    if (status.state === 'stopped' || status.state === 'auth_failure') break
  }
  const { state, last_error } = session.status()
  throw new CommandError(
    `The sample account could not be linked: the session is ${state}. ${last_error ?? ''}`.trim(),
    'Try an empty directory: --dir DIR. To check the browser: whatsapp-mcp-api doctor',
    EXIT.failed,
  )
}

function renderUnlinked(url: string, phone: string): string {
  return `
Simulated WhatsApp is running. No data leaves this computer.
  phone   ${phone}   (scan the QR code and write as your contacts here)
  link    open ${url}/qr and press Start, or run: ${commandLineHere(`auth --url ${url}`)}
  status  ${url}/api/status
${renderVariable(url)}`
}

/** Renders the greeting of a linked sandbox. A test runs the printed requests. */
function renderLinked(url: string, phone: string, { account }: Status, world: World): string {
  const contact = world.state().contacts[0]
  const to = contact?.phone ?? ''
  const post = (address: string, body: object) =>
    `curl ${address} -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`
  return `
Simulated WhatsApp is running${account === null ? '' : `, linked as ${nameOf(account)}`}. No data leaves this computer.
  phone   ${phone}   (write as your contacts here)

List the chats, read the messages of ${contact?.name ?? 'a contact'}, and send a message:
  curl ${url}/api/chats
  curl '${url}/api/messages?phone_number=${to}'
  ${post(`${url}/api/send`, { phone_number: to, message: 'Hello from the sandbox' })}
${renderVariable(url)}`
}

/** Renders how to set the URL. Without this variable, commands in another terminal use the server of the user's own account. */
function renderVariable(url: string): string {
  const line = process.platform === 'win32' ? `set WHATSAPP_MCP_URL=${url}` : `export WHATSAPP_MCP_URL=${url}`
  return `
To use the sandbox with the commands of the documentation, run this in another terminal first:
  ${line}
`
}
