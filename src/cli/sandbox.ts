/** `whatsapp-mcp-api sandbox`: the same server, library and browser, with the double in the place of WhatsApp. */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { builds } from '../../simulator/builds.ts'
import { openSimulator } from '../../simulator/open-simulator.ts'
import { ConfigError, readConfig } from '../config.ts'
import { EXIT, runServer } from './run-server.ts'
import { projectRoot } from './serve.ts'

const OPTIONS = {
  port: { type: 'string', default: '8890' },
  'phone-port': { type: 'string', default: '8891' },
  dir: { type: 'string' },
  build: { type: 'string' },
  pace: { type: 'string', default: 'realistic' },
  seed: { type: 'string', default: '1' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const help =
  (): string => `Run the server against a simulated WhatsApp, with a phone on a web page. No account is needed or touched.

  --port N          Port of the server (8890)
  --phone-port N    Port of the phone page and the simulator's control API (8891)
  --dir DIR         Where session and simulated world are kept (.sandbox in the project)
  --build NAME      WhatsApp Web build to simulate: ${builds.map(({ name }) => name).join(', ')}
  --pace PACE       none or realistic delays (realistic)
  --seed N          Another seed makes another world (1)
`

/** Runs server and double until a signal; resolves with the exit code. Settings of the real server do not apply. */
export async function sandbox(argv: string[]): Promise<number> {
  try {
    const { values } = parseArgs({ args: argv, options: OPTIONS })
    if (values.help) {
      process.stdout.write(help())
      return EXIT.ok
    }
    return await run(values)
  } catch (error) {
    const isUsage =
      error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
    if (!isUsage && !(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\nwhatsapp-mcp-api sandbox --help lists the options.\n`)
    return EXIT.wrongSetting
  }
}

async function run(values: {
  port: string
  'phone-port': string
  dir?: string
  build?: string
  pace: string
  seed: string
}): Promise<number> {
  const { pace, build } = values
  if (pace !== 'none' && pace !== 'realistic')
    throw new ConfigError(`--pace "${pace}" is not allowed: none or realistic.`)
  if (build !== undefined && !builds.some(({ name }) => name === build)) {
    throw new ConfigError(`--build "${build}" is not known: ${builds.map(({ name }) => name).join(', ')}.`)
  }
  if (!/^\d{1,5}$/.test(values['phone-port']) || Number(values['phone-port']) > 65_535) {
    throw new ConfigError(`--phone-port "${values['phone-port']}" is not allowed: a port from 0 to 65535.`)
  }
  if (!/^\d+$/.test(values.seed))
    throw new ConfigError(`--seed "${values.seed}" is not allowed: a whole number.`)
  const dir = values.dir === undefined ? join(projectRoot(), '.sandbox') : resolve(values.dir)
  // Nothing of .env or of the real server's environment applies here, but for the browser to use.
  const { WHATSAPP_CHROME_EXECUTABLE, WHATSAPP_HEADLESS, WHATSAPP_MCP_LOG_LEVEL } = process.env
  const config = readConfig({
    root: dir,
    env: {
      WHATSAPP_AUTH_DIR: dir,
      WHATSAPP_MCP_PORT: values.port,
      WHATSAPP_CHROME_EXECUTABLE,
      WHATSAPP_HEADLESS,
      WHATSAPP_MCP_LOG_LEVEL,
    },
  })
  const dataDir = join(dir, '.whatsapp-mcp-api', 'simulator')
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const simulator = await openSimulator({
    dataDir,
    seed: Number(values.seed),
    pace,
    ...(build === undefined ? {} : { build }),
    control: { host: '127.0.0.1', port: Number(values['phone-port']) },
  })
  const code = await runServer({
    config,
    browserArgs: simulator.chromiumArgs,
    onListening(url) {
      process.stdout.write(`
A simulated WhatsApp is running. Nothing leaves this machine.
  phone   ${simulator.controlUrl}   (scan the code here, write as your contacts)
  QR      ${url}/qr
  start   curl -X POST ${url}/api/auth/start
  status  curl ${url}/api/status
`)
    },
  })
  await simulator.close()
  return code
}
