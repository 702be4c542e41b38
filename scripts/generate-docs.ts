/** Writes every file that is derived from the tables; with --check it only tells which are out of date. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { faultTable } from '../simulator/service/faults.ts'
import { COMMANDS } from '../src/cli/commands.ts'
import { EXIT, EXIT_MEANINGS } from '../src/cli/exit-codes.ts'
import { renderHelp, renderOverview } from '../src/cli/help.ts'
import { SETTINGS } from '../src/config.ts'
import { ERRORS } from '../src/errors.ts'
import { createOpenApi } from '../src/faces/http/openapi.ts'
import { OPERATIONS } from '../src/operations/index.ts'
import { VERSION } from '../src/version.ts'
import { eventsPage } from './events-page.ts'

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
there: clients start it in folders that came from elsewhere, whose \`.env\` could name a program to run. \`mcp-config\` does the same.
Start a server yourself only in folders whose \`.env\` you trust.

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

\`serve\` and \`sandbox\` run a server; \`stdio\` leads MCP clients to it, and starts it where none runs; \`mcp-config\` sets such
clients up; \`doctor\` looks at this machine; \`archive import\`, \`verify\`, \`encrypt\`, \`change-key\` and
\`decrypt\` work on the session's directory while no server runs; the others ask the server that runs, over its API. In a
checkout \`npm run <command> -- <flags>\` gets ready what is missing first, as in \`npm run auth\` or \`npm run archive -- encrypt\`.

${block(renderOverview(COMMANDS))}

${COMMANDS.map((command) => `## ${command.name}\n\n${block(renderHelp(command))}`).join('\n\n')}

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

function restPage(): string {
  const sections = OPERATIONS.map((operation) => {
    const { name, title, description, routes, input, example, errors, limitMs } = operation
    const fields = Object.entries(
      (z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }).properties ?? {}) as Record<
        string,
        { description?: string }
      >,
    ).map(([field, { description: text }]) => `- \`${field}\`: ${text ?? ''}`)
    const [method = '', path = ''] = routes[0]?.split(' ') ?? []
    const call = curlCall(method, path, example.input)
    return [
      `## ${title}`,
      `${routes.map((route) => `\`${route}\``).join(', ')} (\`${name}\`)`,
      description,
      ...(fields.length === 0 ? [] : [fields.join('\n')]),
      `\`\`\`sh\n${call}\n\`\`\``,
      `Answers within ${(limitMs ?? 2_000) / 1_000} s.${errors.length === 0 ? '' : ` Codes of its own: ${errors.map((code) => `\`${code}\``).join(', ')}.`}`,
    ].join('\n\n')
  })
  return `# REST

JSON over HTTP on the loopback. The same, for programs: \`GET /openapi.json\`, or [openapi.json](openapi.json). Failures
are described in [errors](errors.md).

${sections.join('\n\n')}

## Events as a stream

\`GET /api/events/stream\` tells the same events as \`GET /api/events\` as server-sent events, with the same \`after\`, \`kind\` and
\`chat_id\`; \`Last-Event-ID\` resumes it. [Events](events.md) says what each kind tells.

\`\`\`sh
curl -N 'http://127.0.0.1:8790/api/events/stream?kind=message.received'
\`\`\`

## Export

\`GET /api/export?chat_id=&format=jsonl|text\` is the archive, or one chat, as a file: [Moving an archive](archive.md#moving-an-archive)
says what stands in it. The header \`X-Total-Messages\` says how many messages follow.

\`\`\`sh
curl -o whatsapp.jsonl http://127.0.0.1:8790/api/export
\`\`\`

## Pages

\`GET /qr\` is a page for people: the QR code while one waits, else what is going on. Always 200. Asked with
\`Accept: text/plain\` it is text for a terminal with a dark background.

\`GET /docs\` shows these operations, searches them and sends them to this server; no other host is asked for anything.
`
}

/** The example as it is typed: ids in the path, the rest as a query or as a JSON body. */
function curlCall(method: string, path: string, input: unknown): string {
  const given = Object.entries(input ?? {})
  const inPath = (name: string) => path.includes(`{${name}}`)
  const address = `http://127.0.0.1:8790${given.reduce(
    (text, [name, value]) => text.replace(`{${name}}`, String(value)),
    path,
  )}`
  const rest = given.filter(([name]) => !inPath(name))
  if (rest.length === 0) return `curl ${method === 'GET' ? '' : `-X ${method} `}${address}`
  if (method !== 'GET') {
    const body = JSON.stringify(Object.fromEntries(rest))
    return `curl ${address} -H 'Content-Type: application/json' \\\n  -d '${body}'`
  }
  const query = rest.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')
  return `curl '${address}?${query}'`
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
