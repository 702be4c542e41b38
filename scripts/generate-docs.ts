/** Writes every file that is derived from the tables. With --check it writes nothing and lists the files that are out of date. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { faultTable } from '../simulator/service/faults.ts'
import { COMMANDS } from '../src/cli/commands.ts'
import { EXIT, EXIT_MEANINGS } from '../src/cli/exit-codes.ts'
import { renderHelp, renderOverview } from '../src/cli/help.ts'
import { installed } from '../src/cli/words.ts'
import { type Row, SETTINGS } from '../src/config.ts'
import { ERRORS } from '../src/errors.ts'
import { createOpenApi } from '../src/faces/http/openapi.ts'
import { FAMILIES } from '../src/metrics/families.ts'
import { ROWS } from '../src/operations/index.ts'
import { VERSION } from '../src/version.ts'
import { buildsPage } from './builds-page.ts'
import { eventsPage } from './events-page.ts'
import { mcpPage } from './mcp-page.ts'
import { operationsPage } from './operations-page.ts'
import { promisesPage } from './promises-page.ts'
import { restPage } from './rest-page.ts'

const ROOT = resolve(import.meta.dirname, '..')

const files: Record<string, string> = {
  '.env.example': envExample(),
  'docs/settings.md': settingsPage(),
  'docs/cli.md': cliPage(),
  'docs/errors.md': errorsPage(),
  'docs/rest.md': restPage(),
  'docs/operations.md': operationsPage(),
  'docs/events.md': eventsPage(),
  'docs/mcp.md': mcpPage(readFileSync(join(ROOT, 'docs/mcp.md'), 'utf8')),
  'docs/faults.md': faultsPage(),
  'docs/whatsapp-web.md': buildsPage(),
  'docs/metrics.md': metricsPage(),
  'docs/promises.md': promisesPage(),
  'docs/openapi.json': `${JSON.stringify(createOpenApi(ROWS, VERSION), null, 2)}\n`,
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
  return `# Copy this file to .env, and remove the # from the lines that you change. Environment variables override .env, and\n# flags override both.\n\n${rows.join('\n')}`
}

function settingsPage(): string {
  const programs = Object.entries<Row>(SETTINGS).flatMap(([name, { names }]) =>
    names === 'program' || names === 'command' ? [`\`${name}\``] : [],
  )
  const rows = Object.entries(SETTINGS).map(
    ([name, { flag, fallback, help }]) =>
      `| \`${name}\` | ${flag === null ? '(none)' : `\`--${flag}\``} | ${fallback === '' ? '(empty)' : `\`${fallback}\``} | ${help} |`,
  )
  return `# Settings

Each setting is an environment variable and a flag of \`serve\` and \`doctor\` (\`npm start -- --port 9000\`). A \`.env\` file in the
working directory is read too. Flags override environment variables, and environment variables override \`.env\`. A wrong value ends
the start with one line that contains the setting and the allowed values. Settings apply from the next start of the server. Write switches as \`--headless\`, \`--no-headless\` or
\`--headless=false\`.

\`stdio\` and \`mcp-config\` read the \`.env\` of the project root instead (installed package: of your data directory), and relative paths
start there, because clients start them in folders that you may not trust. Every other command rejects a \`.env\` that belongs to another
user or that others can change. The commands that use the settings themselves, such as \`serve\`, also reject a \`.env\` outside the project
root that decides which programs run (${programs.join(', ')}, \`WHATSAPP_RULES=true\`, and \`WHATSAPP_AUTH_DIR\` if rules are on).

\`~/\` at the start of a path is the home directory. Spaces around a value are ignored.

\`WHATSAPP_MCP_URL\` is the URL of a running server, and \`WHATSAPP_API_KEY_FILE\` the file with a key for it, for \`stdio\` and the commands that use
one. They are read from the environment only.

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

\`serve\` and \`sandbox\` run a server, and \`stop\` stops it. \`stdio\` connects MCP clients to it, and starts it if none runs. \`mcp-config\`
configures MCP clients. \`doctor\` checks this machine. \`backup\`, \`restore\` and the commands \`archive import\`, \`verify\`, \`encrypt\`,
\`change-key\` and \`decrypt\` work on the session directory while no server runs. \`rules check\` and \`completion\` need no server. All other
commands use the API of the running server. In a checkout,
\`npm run <command> -- <flags>\` first installs and builds what is missing, as in \`npm run auth\` or \`npm run archive -- encrypt\`.

A command repeats a request up to three times, if that is safe: after a lost connection, after an error whose \`retry\` is \`safe\`, and after
one with \`later\` if the server names a pause of at most a minute. Requests that change something have an idempotency key, so a repeated
send goes out once. While the first request still runs, the command waits up to a minute for its outcome. An error with
\`check_first\` and the upload of a file are not repeated.

${block(renderOverview(COMMANDS, installed))}

${COMMANDS.map((command) => `## ${command.name}\n\n${block(renderHelp(command, installed))}`).join('\n\n')}

## Exit codes

| code | meaning |
|---|---|
${codes.join('\n')}

Errors are written to standard error: what is wrong, then the next step. With \`--json\` the error of the API is also written to
standard output, as in [errors](errors.md).
`
}

function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, retry, title, hint }]) =>
      `| \`${code}\` | ${status} | \`${retry}\` | ${title}. | ${hint} |`,
  )
  return `# Errors

Every error is problem JSON (RFC 9457): \`type\`, \`title\`, \`status\`, \`detail\`, and \`code\`, \`hint\`, \`retry\`,
\`request_id\`. Programs use \`code\`; people read \`detail\` and \`hint\`. The server's log contains the \`request_id\` too.

The codes with status 202 are no errors over REST: the response is \`{"ok": true, "item": …}\`, without \`code\` and \`hint\`, and nothing is sent
yet. A tool returns \`held_for_approval\` as an error, and \`send_scheduled\` as a success with \`item\` and without a code. Of a call that sends
several messages, each has its code in \`results\`.

\`retry\` says when you can send the request again:

| \`retry\` | meaning |
|---|---|
| \`safe\` | at once |
| \`later\` | after the time in \`Retry-After\`; without this header, after the time in \`hint\`, or a minute |
| \`check_first\` | after you have checked: it may already have been done |
| \`after_action\` | after a person has taken the next step in \`hint\` |
| \`never\` | not at all: the same request returns the same error |

| code | HTTP | retry | meaning | next step |
|---|---|---|---|---|
${rows.join('\n')}
`
}

function faultsPage(): string {
  const rows = Object.entries(faultTable).map(
    ([name, { provokes, value, does }]) =>
      `| \`${name}\` | ${value === '' ? '`true`' : value.replaceAll('|', '\\|')} | ${does} | ${provokes} |`,
  )
  return `# Faults of the sandbox

Switch a fault on from the phone page, or with \`POST /control/set_fault {"name", "value"}\`; \`value: false\` switches
it off. The numbers refer to [What goes wrong](failures.md).

| fault | value | what the simulated WhatsApp does | causes |
|---|---|---|---|
${rows.join('\n')}
`
}

function metricsPage(): string {
  const rows = FAMILIES.map(
    ({ name, type, help, ofAllChats }) => `| \`${name}\`${ofAllChats ? ' ○' : ''} | ${type} | ${help} |`,
  )
  return `# Metrics

\`GET /metrics\` returns metrics for Prometheus. Where keys are required, it needs one with the scope \`read\`:

\`\`\`yaml
scrape_configs:
  - job_name: whatsapp
    authorization: { credentials_file: /etc/prometheus/whatsapp.key }
    static_configs: [{ targets: ['127.0.0.1:8790'] }]
\`\`\`

[deploy/grafana.json](../deploy/grafana.json) is a dashboard for them. Labels have ids of accounts and webhooks, names of rules, states and
codes; they have no names of people, phone numbers, chats or texts. A key that is limited to accounts reads the metrics of these accounts only; one that does not see every chat
gets none that count what happens in chats (○). Metrics of Node
(\`process_…\`, \`nodejs_…\`) are added with their usual names. Counters begin at 0 with the server.

| metric | type | meaning |
|---|---|---|
${rows.join('\n')}

Alerts that are worth having: \`whatsapp_session_linked == 1 and whatsapp_session_connected == 0\` for ten minutes;
\`time() - whatsapp_session_proven_timestamp_seconds > 120\` or
\`time() - whatsapp_session_answered_timestamp_seconds > 1500\` while connected; any increase of
\`whatsapp_sends_total{state="unknown"}\`; \`whatsapp_webhook_lag_seconds > 600\`; \`whatsapp_archive_problem == 1\`.

## Probes

| route | returns 200 if |
|---|---|
| \`GET /health/live\` | the process responds |
| \`GET /health/ready\` | it also can open its control database; otherwise 503 with the code of the error |

They need no key and no \`Host\`, and say nothing about an account. The link to WhatsApp is not part of readiness: a restart of the server
does not repair it. \`GET /health\` and \`GET /api/status\` report the link.
`
}
