/** The command line: one verb, its flags, and help that helps. */
import { readFileSync } from 'node:fs'

const HELP = `whatsapp-mcp-api: your own WhatsApp account for your agents and scripts

Usage: whatsapp-mcp-api <command> [options]

  serve      Run the server (the default). Settings come from the environment and .env.
  sandbox    Run the server against a simulated WhatsApp, with a phone on a web page. No account needed.

Options:
  --help, -h       This help; after a command, that command's
  --version, -v    The version
`

/** Runs the command that `argv` names; resolves with the exit code, or with null where the process goes on. */
export async function main(argv: string[]): Promise<number | null> {
  const [first = 'serve', ...rest] = argv
  if (first === '--help' || first === '-h' || first === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  if (first === '--version' || first === '-v') {
    process.stdout.write(`${readVersion()}\n`)
    return 0
  }
  switch (first) {
    case 'serve':
      return (await import('./serve.ts')).serve(rest)
    case 'sandbox':
      return (await import('./sandbox.ts')).sandbox(rest)
    default:
      process.stderr.write(`There is no command "${first}".\n\n${HELP}`)
      return 2
  }
}

/** The version in package.json, which lies one folder above the bundle and two above the source. */
function readVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
      if (name === 'whatsapp-mcp-api') return String(version)
    } catch {
      // Not here: look one folder up.
    }
  }
  return 'unknown'
}

process.exitCode = (await main(process.argv.slice(2))) ?? undefined
