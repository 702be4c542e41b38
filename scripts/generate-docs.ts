/** Writes every file that is derived from the tables; with --check it only tells which are out of date. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { faultTable } from '../simulator/service/faults.ts'
import { COMMANDS } from '../src/cli/commands.ts'
import { EXIT, EXIT_MEANINGS } from '../src/cli/exit-codes.ts'
import { renderHelp, renderOverview } from '../src/cli/help.ts'
import { installed } from '../src/cli/words.ts'
import { SETTINGS } from '../src/config.ts'
import { ERRORS } from '../src/errors.ts'
import { createOpenApi } from '../src/faces/http/openapi.ts'
import { OPERATIONS } from '../src/operations/index.ts'
import { VERSION } from '../src/version.ts'
import { eventsPage } from './events-page.ts'
import { restPage } from './rest-page.ts'

const ROOT = resolve(import.meta.dirname, '..')

const files: Record<string, string> = {
  '.env.example': envExample(),
  'docs/settings.md': settingsPage(),
  'docs/cli.md': cliPage(),
  'docs/errors.md': errorsPage(),
  'docs/rest.md': restPage(),
  'docs/events.md': eventsPage(),
  'docs/faults.md': faultsPage(),
  'docs/openapi.json': `${JSON.stringify(createOpenApi(OPERATIONS, VERSION), null, 2)}\n`,
}

const stale = Object.entries(files).filter(([path, text]) => {
  const file = join(ROOT, path)
  return !existsSync(file) || readFileSync(file, 'utf8') !== text
})

if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`${path} is out of date: run npm run gen and commit it`)
  process.exitCode = stale.length === 0 ? 0 : 1
} else {
  for (const [path, text] of stale) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true })
    writeFileSync(join(ROOT, path), text)
    console.error(`wrote ${path}`)
  }
}

function envExample(): string {
  const rows = Object.entries(SETTINGS).map(
    ([name, { flag, fallback, help }]) =>
      `# ${help}${flag === null ? '' : ` (Flag: --${flag})`}\n# ${name}=${fallback}\n`,
  )
  return `# Copy to .env and take the # off the lines you change. What is set in the environment wins over it, and a flag\n# over both.\n\n${rows.join('\n')}`
}

function settingsPage(): string {
  const rows = Object.entries(SETTINGS).map(
    ([name, { flag, fallback, help }]) =>
      `| \`${name}\` | ${flag === null ? '(none)' : `\`--${flag}\``} | ${fallback === '' ? '(empty)' : `\`${fallback}\``} | ${help} |`,
  )
  return `# Settings

Each is an environment variable and a flag of \`serve\` and \`doctor\` (\`npm start -- --port 9000\`). A \`.env\` file in the
working directory is read too. A flag wins over the environment, and that over \`.env\`. A wrong value ends the start with one
line that names it and says what is allowed. Switches are written \`--headless\`, \`--no-headless\` or \`--headless=false\`.

\`stdio\` reads the \`.env\` of the project root instead (of an installed package: of your data directory), and begins relative paths
there: clients start it in folders that came from elsewhere. \`mcp-config\` does the same. Every other command refuses a \`.env\`
that belongs to another user or that others can change, and a \`.env\` outside the project root that names a program
(\`WHATSAPP_CHROME_EXECUTABLE\`, \`WHATSAPP_ARCHIVE_KEY_COMMAND\`).

\`~/\` at the start of a path is the home directory. Spaces around a value are not part of it.

\`WHATSAPP_MCP_URL\` names a server that runs, for the commands that ask one and for \`stdio\`. It counts in the environment alone.

| variable | flag | default | meaning |
|---|---|---|---|
${rows.join('\n')}
`
}

function cliPage(): string {
  const block = (text: string) => `\`\`\`text\n${text.trimEnd()}\n\`\`\``
  const codes = Object.entries(EXIT_MEANINGS).map(
    ([name, means]) => `| ${EXIT[name as keyof typeof EXIT]} | ${means} |`,
  )
  return `# Command line

\`serve\` and \`sandbox\` run a server, and \`stop\` ends it; \`stdio\` leads MCP clients to it, and starts it where none runs; \`mcp-config\` sets such
clients up; \`doctor\` looks at this machine; \`archive import\`, \`verify\`, \`encrypt\`, \`change-key\` and
\`decrypt\` work on the session's directory while no server runs; the others ask the server that runs, over its API. In a
checkout \`npm run <command> -- <flags>\` gets ready what is missing first, as in \`npm run auth\` or \`npm run archive -- encrypt\`.

${block(renderOverview(COMMANDS, installed))}

${COMMANDS.map((command) => `## ${command.name}\n\n${block(renderHelp(command, installed))}`).join('\n\n')}

## Exit codes

| code | meaning |
|---|---|
${codes.join('\n')}

A failure is told on standard error: what happened, then what to do next. With \`--json\` what the API said about it stands on
standard output too, as in [errors](errors.md).
`
}

function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, retry, title, hint }]) =>
      `| \`${code}\` | ${status} | \`${retry}\` | ${title}. | ${hint} |`,
  )
  return `# Errors

Every failure is problem JSON (RFC 9457): \`type\`, \`title\`, \`status\`, \`detail\`, and \`code\`, \`hint\`, \`retry\`,
\`request_id\`. Programs go by \`code\`; people by \`detail\` and \`hint\`. \`request_id\` stands in the server's log too.

\`retry\` says what asking again means: \`safe\` (at once), \`later\` (see \`Retry-After\`), \`check_first\` (it may have
happened: look before you repeat it), \`after_action\` (somebody must do something first), \`never\`.

| code | HTTP | retry | meaning | next step |
|---|---|---|---|---|
${rows.join('\n')}
`
}

function faultsPage(): string {
  const rows = Object.entries(faultTable).map(
    ([name, { provokes, value, does }]) =>
      `| \`${name}\` | ${value === '' ? '`true`' : value} | ${does} | ${provokes} |`,
  )
  return `# Faults of the sandbox

Each can be switched on from the phone page, or with \`POST /control/set_fault {"name", "value"}\`; \`value: false\` switches
it off. Numbers refer to [what goes wrong](failures.md).

| fault | value | what WhatsApp does then | provokes |
|---|---|---|---|
${rows.join('\n')}
`
}
