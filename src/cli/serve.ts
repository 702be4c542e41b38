/** `whatsapp-mcp-api serve`: the server, on the real WhatsApp. */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConfigError, readConfig, readEnvironment, SETTINGS } from '../config.ts'
import { EXIT, runServer } from './run-server.ts'

/** Runs the server until a signal; resolves with the exit code. */
export async function serve(argv: string[]): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(help())
    return EXIT.ok
  }
  if (argv.length > 0) {
    process.stderr.write(
      `serve takes no arguments; "${argv[0]}" is not known. Settings come from the environment.\n`,
    )
    return EXIT.wrongSetting
  }
  try {
    return await runServer({
      config: readConfig({ env: readEnvironment(), root: projectRoot() }),
      onListening(url) {
        process.stdout.write(
          `\nWhatsApp for your agents: ${url}\n  status  ${url}/api/status\n  QR      ${url}/qr\n`,
        )
      },
    })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    return EXIT.wrongSetting
  }
}

/** The folder with our package.json: one above the bundle, two above the source. */
export function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(`${folder}/package.json`) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}

function help(): string {
  const rows = Object.entries(SETTINGS).map(
    ([name, { fallback, help }]) => `  ${name}${fallback === '' ? '' : ` (${fallback})`}\n      ${help}`,
  )
  return `Run the server. Settings come from the environment and from .env in the working directory:\n\n${rows.join('\n')}\n`
}
