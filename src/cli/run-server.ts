/** A server in this process: from configuration to a clean exit, shared by `serve` and `sandbox`. */
import QRCode from 'qrcode'
import { type App, createApp } from '../app.ts'
import { KeyError } from '../archive-key.ts'
import { BrowserNotFound, findBrowser } from '../browser/find.ts'
import type { FoundBrowser } from '../browser/places.ts'
import { systemClock } from '../clock.ts'
import { type Config, ConfigError } from '../config.ts'
import { createLog, type Log } from '../log.ts'
import { AuthDirError, AuthDirInUse, placesIn } from '../session/auth-dir.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { untilIdle } from './idle.ts'
import { rotatingLog } from './rotating-log.ts'
import { noteAddresses, runningIn, stopLine } from './running.ts'
import { plain } from './terminal.ts'
import { whoAnswers } from './who-answers.ts'
import { inWords } from './words.ts'

/** All of the shutdown; the browser alone may take 16 s. */
const SHUTDOWN_MS = 19_000

export type RunOptions = {
  config: Config
  /** The double in the place of WhatsApp: browser arguments that lead to it, and the address of its phone page. */
  sandbox?: { browserArgs: string[]; phone: string }
  /** Draw the QR code on a terminal; left out: yes. */
  drawsQr?: boolean
  /** End once no client has asked for anything for so long, ms; null or left out: never. */
  idleMs?: number | null
  /**
   * Called with the server's address once it listens; does what is to be done first, and prints what a person wants to
   * know. A failure ends the server.
   */
  onListening(url: string): void | Promise<void>
}

/** Run until a signal; resolves with the exit code. What cannot start says why and what to do, on standard error. */
export async function runServer(options: RunOptions): Promise<number> {
  const { config } = options
  // Whatever this process and its browser write is their user's alone.
  process.umask(0o077)
  // Whoever read our output may go away (`| head`, a closed terminal); the server does not.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  // It is read, and none of what this process starts, the browser first, is to inherit it.
  delete process.env.WHATSAPP_ARCHIVE_KEY
  const write = rotatingLog(placesIn(config.authDir).log)
  const log = createLog({ level: config.logLevel, ...(write === null ? {} : { write }) })
  let app: App
  try {
    app = await open(options, log)
  } catch (error) {
    return explain(error, options)
  }
  const stopped = untilTold(app, options, log)
  watchStrayFailures(app, log)
  if (options.drawsQr !== false) showQrInTerminal(app)
  let forget = () => {}
  try {
    const { url } = await app.listen()
    forget = noteAddresses(config.authDir, { url, phone: options.sandbox?.phone })
    log.info({ url }, 'listening')
    await Promise.race([stopped, options.onListening(url)])
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
    log.error('this browser has no window: name another in WHATSAPP_CHROME_EXECUTABLE, or stay headless')
  }
  const executablePath = browser?.path ?? null
  return createApp({
    config,
    log,
    chromeExecutable: executablePath,
    // Late: the browser library takes longer to load than everything else together.
    openEngine: (profileDir) => async (engineOptions) => {
      const [{ wwebEngine }, { launchArgs }] = await Promise.all([
        import('../engine/wweb/open-engine.ts'),
        import('../engine/wweb/launch-args.ts'),
      ])
      const { args, sandboxOff } = launchArgs(config.headless, options.sandbox?.browserArgs ?? [])
      if (sandboxOff)
        log.warn('the browser runs without its own sandbox, since this is root or a bare container')
      if (executablePath === null) throw new Error('there is no browser')
      return wwebEngine({
        profileDir,
        executablePath,
        headless: config.headless,
        browserArgs: args,
        clock: systemClock,
        log,
      })(engineOptions)
    },
  })
}

/** Found, else installed; null, with the reason in the log, where neither can be. A setting that names none ends the start. */
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

/** Resolves when the server is to end: by a signal, or since nobody needs it. */
function untilTold(app: App, { idleMs = null }: RunOptions, log: Log): Promise<void> {
  const signalled = untilSignal(log)
  if (idleMs === null) return signalled
  const idle = untilIdle(app.http.server, { idleMs, isBusy: app.hasClients }).then(() =>
    log.info('no client is left: stopping'),
  )
  return Promise.race([signalled, idle])
}

/** Resolves at the first signal; the second ends the process at once. */
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
 * The browser library leaves promises unguarded (F8); Node would end the process for one of them. A failure that
 * nobody awaited is logged, and the session looks at once whether its page still answers. One that nobody caught may
 * have left anything half done: that ends the server, cleanly.
 */
function watchStrayFailures(app: App, log: Log): void {
  process.on('unhandledRejection', (error) => {
    log.error({ err: error }, 'a failure that nobody awaited')
    app.session.suspect()
  })
  process.once('uncaughtException', (error) => {
    log.error({ err: error }, 'a failure that nobody caught; the server ends')
    setTimeout(() => process.exit(EXIT.failed), SHUTDOWN_MS)
    void app.close().finally(() => process.exit(EXIT.failed))
  })
}

/** The QR code for whoever sits in front of a terminal; never into a file or a journal, where a log would end. */
function showQrInTerminal(app: App): void {
  if (process.stdout.isTTY !== true) return
  let shown: string | null = null
  app.session.onChange(() => {
    const qr = app.session.qr()
    if (qr === null || qr === shown) return
    shown = qr
    void QRCode.toString(qr, { type: 'terminal', small: true }).then((text) =>
      process.stdout.write(`\n${text}\n`),
    )
  })
}

/** One clear sentence and the next step for each known way not to start. */
async function explain(error: unknown, { config, sandbox }: RunOptions): Promise<number> {
  // Settings of the environment do not apply to the sandbox.
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
  if (error instanceof Error && 'code' in error) {
    if (error.code === 'EADDRINUSE') {
      return say(await whoHasThePort(config, port), EXIT.port)
    }
    if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
      return say(
        'This computer does not have that address. Use 127.0.0.1 in WHATSAPP_MCP_HOST (--host).',
        EXIT.port,
      )
    }
    if (error.code === 'EACCES') {
      return say(`The port may not be bound by this user. Choose one above 1023 in ${port}.`, EXIT.port)
    }
  }
  return say(`The server did not start: ${error instanceof Error ? error.message : error}.`, EXIT.failed)
}

/** A server of this directory is as good as the one that was to be started, whoever started it. */
function whoHasTheDirectory(error: AuthDirInUse, { authDir }: Config): string {
  const running = runningIn(authDir)
  if (running === null || running.addresses === null) return `${error.message} ${error.hint}`
  const { pid, addresses } = running
  return `A server with this session already runs (process ${pid}; an MCP client may have started it). Use it: ${addresses.url}/qr shows whether it is linked. To start one here, stop it first: ${stopLine(authDir)}`
}

/** The port by its number, and the server of ours that answers there, as far as it tells. */
async function whoHasThePort(config: Config, setting: string): Promise<string> {
  const other = `choose another port in ${setting}`
  const answering = await whoAnswers(config)
  switch (answering.who) {
    case 'server': {
      const { auth_dir }: { auth_dir?: unknown } = answering.status
      const session = typeof auth_dir === 'string' ? `, with the session in ${plain(auth_dir)}` : ''
      const stop = typeof auth_dir === 'string' ? ` (${stopLine(auth_dir)})` : ''
      return `Port ${config.port} is taken: a whatsapp-mcp-api server answers there already${session}. Use that one, stop it${stop}, or ${other}.`
    }
    case 'other_user':
      return `Port ${config.port} is taken by the whatsapp-mcp-api server of another user of this computer. To run your own, ${other}.`
    case 'nobody_of_ours':
      return `Port ${config.port} is taken by another program. Stop it ("whatsapp-mcp-api doctor" tells how to find it), or ${other}.`
  }
}
