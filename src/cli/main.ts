/** The command line: one verb, its flags, and help that helps. */
import { VERSION } from '../version.ts'

const HELP = `whatsapp-mcp-api: your own WhatsApp account for your agents and scripts

Usage: whatsapp-mcp-api <command> [options]

  serve      Run the server (the default). Settings come from the environment and .env.
  sandbox    Run the server against a simulated WhatsApp, with a phone on a web page. No account needed.

Options:
  --help, -h       This help; after a command, that command's
  --version, -v    The version
`

/** Runs the command that `argv` names; resolves with the exit code once it is done. */
export async function main(argv: string[]): Promise<number> {
  const [first = 'serve', ...rest] = argv
  if (first === '--help' || first === '-h' || first === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  if (first === '--version' || first === '-v') {
    process.stdout.write(`${VERSION}\n`)
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

process.exit(await main(process.argv.slice(2)))
