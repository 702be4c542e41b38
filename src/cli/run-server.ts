/** Runs a server in this process, from the configuration to a clean exit. Shared by `serve` and `sandbox`. */
import { type App, createApp } from '../app.ts'
import { KeyError } from '../archive-key.ts'
import { BrowserNotFound, findBrowser } from '../browser/find.ts'
import type { FoundBrowser } from '../browser/places.ts'
import { systemClock } from '../clock.ts'
import { type Config, ConfigError } from '../config.ts'
import { codeOf } from '../error-code.ts'
import { createLog, type Log } from '../log.ts'
import { AuthDirError, AuthDirInUse, placesIn } from '../session/auth-dir.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { untilIdle } from './idle.ts'
import { rotatingLog } from './rotating-log.ts'
import { noteAddresses, runningIn, stopLine } from './running.ts'
import { printable } from './terminal.ts'
import { identifyListener } from './who-answers.ts'
import { inSentences, inWords } from './words.ts'

/** Time limit of the whole shutdown; the browser alone may take 16 s. */
const SHUTDOWN_MS = 19_000

export type { App }

export type RunOptions = {
  config: Config
  /** Replaces WhatsApp with the double: the browser arguments that select it, and the URL of its phone page. */
  sandbox?: { browserArgs: string[]; phone: string }
  /** Draw the QR code on a terminal. Default: true. */
  drawsQr?: boolean
  /** Stop after this time without a client, in ms. Null, the default: never. */
  idleMs?: number | null
  /**
   * Called with the server and its URL when it listens. Does the first actions and prints the greeting. If it throws, the
   * server stops.
   */
  onListening(url: string, app: App): void | Promise<void>
}

/** Runs until a signal. Resolves with the exit code. If the server cannot start, prints the reason and the next step on standard error. */
export async function runServer(options: RunOptions): Promise<number> {
  const { config } = options
  // Only this user can read the files that this process and its browser write.
  process.umask(0o077)
  // The reader of the output may close it (`| head`, a closed terminal); the server continues.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  // The key has been read. The browser and other child processes must not inherit it.
  delete process.env.WHATSAPP_ARCHIVE_KEY
  delete process.env.WHATSAPP_MCP_KEY
  const write = rotatingLog(placesIn(config.authDir).log)
  const log = createLog({ level: config.logLevel, ...(write === null ? {} : { write }) })
  let app: App
  try {
    app = await open(options, log)
  } catch (error) {
    return explain(error, options)
  }
  const stopped = untilStopped(app, options, log)
  watchStrayFailures(app, log)
  if (options.drawsQr !== false) showQrInTerminal(app)
  let forget = () => {}
  try {
    const { url } = await app.listen()
    forget = noteAddresses(config.authDir, { url, phone: options.sandbox?.phone })
    log.info({ url }, 'listening')
    await Promise.race([stopped, options.onListening(url, app)])
  } catch (error) {
    await app.close()
    forget()
    return explain(error, options)
  }
  await stopped
  const timer = setTimeout(() => {
    log.error('the browser did not close in time')
    process.exit(EXIT.failed)
  }, SHUTDOWN_MS)
  await app.close()
  forget()
  clearTimeout(timer)
  log.info('stopped')
  return EXIT.ok
}

async function open(options: RunOptions, log: Log): Promise<App> {
  const { config } = options
  const browser = await bringBrowser(config, log)
  if (browser?.kind === 'headless-shell' && !config.headless) {
    log.error(
      'this browser cannot show a window: set WHATSAPP_CHROME_EXECUTABLE to another browser, or WHATSAPP_HEADLESS=true',
    )
  }
  const executablePath = browser?.path ?? null
  return createApp({
    config,
    log,
    chromeExecutable: executablePath,
    // Imported late: the browser library takes longer to load than the rest of the program.
    openEngine: (profileDir, proxy) => async (engineOptions) => {
      const [{ wwebEngine }, { launchArgs }] = await Promise.all([
        import('../engine/wweb/open-engine.ts'),
        import('../engine/wweb/launch-args.ts'),
      ])
      const { args, sandboxOff } = launchArgs(config.headless, options.sandbox?.browserArgs ?? [])
      if (sandboxOff)
        log.warn(
          'the browser runs without its sandbox, because this process is root or runs in a bare container',
        )
      if (executablePath === null) throw new Error('no browser was found')
      return wwebEngine({
        profileDir,
        executablePath,
        headless: config.headless,
        browserArgs: args,
        proxy,
        clock: systemClock,
        log,
      })(engineOptions)
    },
  })
}

/** Finds a browser, or installs one. Returns null and logs the reason if both fail. @throws BrowserNotFound if the setting names no browser */
async function bringBrowser({ chromeExecutable, headless }: Config, log: Log): Promise<FoundBrowser | null> {
  const env = { ...process.env, WHATSAPP_CHROME_EXECUTABLE: chromeExecutable || undefined }
  const found = findBrowser({ env, headless })
  if (found !== null) return found
  try {
    const { installBrowser } = await import('../browser/install.ts')
    return await installBrowser({
      env,
      headless,
      onProgress: (line) => log.info(`no browser was found: ${line}`),
    })
  } catch (error) {
    if (!(error instanceof BrowserNotFound)) throw error
    log.error(`${error.message} ${error.hint}`)
    return null
  }
}

/** Resolves when the server must stop: at a signal, or when no client has used it for `idleMs`. */
function untilStopped(app: App, { idleMs = null }: RunOptions, log: Log): Promise<void> {
  const signalled = untilSignal(log)
  if (idleMs === null) return signalled
  const idle = untilIdle(app.http.server, { idleMs, isBusy: app.hasClients }).then(() =>
    log.info('no clients: stopping'),
  )
  return Promise.race([signalled, idle])
}

/** Resolves at the first signal. The second signal ends the process at once. */
function untilSignal(log: Log): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        if (asked) process.exit(EXIT.failed)
        asked = true
        log.info({ signal: name }, 'stopping')
        resolve()
      })
    }
  })
}

/**
 * The browser library leaves promises unguarded (docs/failures.md, F8), and Node would end the process for one of them. An unhandled
 * rejection is logged, and the session checks at once that its page still responds. An uncaught exception may have left
 * work half done, so it stops the server, cleanly.
 */
function watchStrayFailures(app: App, log: Log): void {
  process.on('unhandledRejection', (error) => {
    log.error({ err: error }, 'unhandled rejection')
    for (const { session } of app.accounts.opened()) session.probeNow()
  })
  process.once('uncaughtException', (error) => {
    log.error({ err: error }, 'uncaught exception; the server stops')
    setTimeout(() => process.exit(EXIT.failed), SHUTDOWN_MS)
    void app.close().finally(() => process.exit(EXIT.failed))
  })
}

/** Draws the QR code on a terminal. Never writes it to a file or a journal, which would keep it. */
function showQrInTerminal(app: App): void {
  if (process.stdout.isTTY !== true) return
  let shown: string | null = null
  app.session.onChange(() => {
    const qr = app.session.qr()
    if (qr === null || qr === shown) return
    shown = qr
    void import('qrcode')
      .then(({ default: library }) => library.toString(qr, { type: 'terminal', small: true }))
      .then((text) => process.stdout.write(`\n${text}\n`))
  })
}

/** Prints one sentence and the next step for each known start error. Returns the exit code. */
async function explain(error: unknown, { config, sandbox }: RunOptions): Promise<number> {
  // The sandbox takes these as flags only.
  const setting = (flag: string, variable: string) => (sandbox ? `--${flag}` : `${variable} (--${flag})`)
  const port = setting('port', 'WHATSAPP_MCP_PORT')
  const say = (text: string, code: number) => {
    process.stderr.write(`${inWords(text)}\n`)
    return code
  }
  if (error instanceof CommandError) return say(`${error.message} ${error.hint}`, error.exitCode)
  if (error instanceof ConfigError) return say(error.message, EXIT.wrongSetting)
  if (error instanceof KeyError) return say(`${error.message} ${error.hint}`, EXIT.wrongSetting)
  if (error instanceof AuthDirInUse) return say(whoHasTheDirectory(error, config), EXIT.directory)
  if (error instanceof AuthDirError) return say(`${error.message} ${error.hint}`, EXIT.directory)
  if (error instanceof BrowserNotFound) return say(`${error.message} ${error.hint}`, EXIT.browser)
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return say(await whoHasThePort(config, port), EXIT.port)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return say(
        'This computer does not have that address. Set WHATSAPP_MCP_HOST (--host) to 127.0.0.1.',
        EXIT.port,
      )
    case 'EACCES':
      return say(`This user may not bind the port. Choose a port above 1023 in ${port}.`, EXIT.port)
  }
  return say(`The server did not start: ${inSentences(error)}`, EXIT.failed)
}

/** Explains that the directory is in use. A running server of the directory serves as well as a new one. */
function whoHasTheDirectory(error: AuthDirInUse, { authDir }: Config): string {
  const running = runningIn(authDir)
  if (running === null || running.addresses === null) return `${error.message} ${error.hint}`
  const { pid, addresses } = running
  return `A server with this session already runs (process ${pid}; an MCP client may have started it). Use that server: ${addresses.url}/qr shows whether it is linked. To start a server here, stop that one first: ${stopLine(authDir)}`
}

/** Explains that the port is in use, and names the whatsapp-mcp-api server that responds there, if any. */
async function whoHasThePort(config: Config, setting: string): Promise<string> {
  const other = `choose another port in ${setting}`
  const answering = await identifyListener(config)
  switch (answering.who) {
    case 'server': {
      const { auth_dir }: { auth_dir?: unknown } = answering.status
      const session = typeof auth_dir === 'string' ? `, with the session in ${printable(auth_dir)}` : ''
      const stop = typeof auth_dir === 'string' ? ` (${stopLine(auth_dir)})` : ''
      return `Port ${config.port} is in use: a whatsapp-mcp-api server already runs there${session}. Use that server, stop it${stop}, or ${other}.`
    }
    case 'other_user':
      return `Port ${config.port} is in use by the whatsapp-mcp-api server of another user of this computer. To run your own server, ${other}.`
    case 'locked':
      return `Port ${config.port} is in use: a whatsapp-mcp-api server that requires a key already runs there. Use that server, or ${other}.`
    case 'nobody_of_ours':
      return `Port ${config.port} is in use by another program. Stop that program ("whatsapp-mcp-api doctor" shows how to find it), or ${other}.`
  }
}
