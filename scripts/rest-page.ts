/** docs/rest.md: every operation of the table, with an example call. */
import { z } from 'zod'
import { ROWS } from '../src/operations/index.ts'
import { fixedAt, type Row, requestAt } from '../src/operations/operation.ts'
import { withNames } from '../src/operations/references.ts'

/** A field of an input. Unions, and what may be null, have their description in one of their forms. */
type Field = { description?: string; anyOf?: Field[]; properties?: Record<string, Field> }

/** Returns the text of the page. @throws Error if a field has no description */
export function restPage(): string {
  // Tools without a route are in docs/mcp.md.
  const sections = ROWS.filter(({ routes }) => routes.length > 0).map((row) => {
    const { name, title, description, routes, input, example, errors } = row
    const { properties = {} } = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }) as Field
    const inBody = Object.entries(properties).filter(
      ([field]) => !routes.every((route) => field in fixedAt(row, route)),
    )
    const fields = inBody.flatMap(([field, value]) => linesOf(name, field, value))
    const [first = 'GET /'] = routes
    const [method = '', path = ''] = first.split(' ')
    const call = curlCall(method, path, requestAt(row, first, example.input), row)
    return [
      `## ${title}`,
      `${routes.map((route) => `\`${route}\``).join(', ')} (\`${name}\`)`,
      withNames(description, (other) => `\`${other}\``),
      ...(fields.length === 0 ? [] : [fields.join('\n')]),
      `\`\`\`sh${wordOf(name, call)}\n${call}\n\`\`\``,
      `${paceOf(row)}${errors.length === 0 ? '' : ` Error codes: ${codesOf(errors).join(', ')}.`}`,
    ].join('\n\n')
  })
  return `# REST

The API is JSON over HTTP, by default on the loopback interface. The OpenAPI description is at \`GET /openapi.json\` and in
[openapi.json](openapi.json). [Errors](errors.md) describes the error codes. Each section lists its own, the rarest first; \`archive_*\` and
\`control_*\` stand for all codes that begin so. Any request can also return a code that has to do with its key, its body or the server.

The example calls read the server's URL from the environment: \`export WHATSAPP_MCP_URL=http://127.0.0.1:8790\` for your own
account, port 8890 for the [sandbox](sandbox.md). In the sandbox, the calls on this page work unchanged, with three exceptions: the newest
build of WhatsApp Web does not support forwarding, only business accounts have labels, and calls with the id of an item of the outbox, a key,
a webhook, an incoming call or media need an id of your own.

Each section has its time limit. A reading from the archive takes at most 2 s. A reading that asks WhatsApp (groups, receipts, the profile,
numbers, labels, channels) can take 30 s.

${sections.join('\n\n')}

## Requests

Send text as UTF-8. Bytes that are not UTF-8, halves of surrogate pairs (\`\\ud83d\` alone), and NUL characters return 400. Percent-encode
queries and paths. If a JSON object has a name twice, the last value counts.

Fields go in the path, in the query or in a JSON body (not with \`GET\`). An unknown field returns 400, also on
pages, and so does a field in two places. The MCP endpoint ignores its query except \`toolsets\`,
because clients and proxies add to it.

Routes that take \`media\` also accept a multipart form: \`curl -F file=@photo.jpg -F caption=Hello "$WHATSAPP_MCP_URL/api/…"\`. Its
parts \`file\` (up to 10) are the \`media\`; each other part is another field, as text.

Every request that changes something accepts the header \`Idempotency-Key\`. A request that is repeated with its key is done
[once only](outbox.md#once-only).

Responses may gain fields: ignore those that you do not know.

## Accounts

The routes above are those of the account \`default\`. Every route \`/api/X\` of one account is also
\`/api/accounts/{account}/X\`, with the same fields and responses. An account that does not exist returns 404
\`account_not_found\`. [Accounts](accounts.md) describes several accounts on one
server.

## Pages

\`GET /qr\` is the page for linking an account: a start button, the QR code, and the state. It always returns 200.
\`GET /qr/code\` is a form for a phone number and returns a pairing code. The server accepts these forms from its own pages only. With
\`Accept: text/plain\`, \`GET /qr\` returns text for a terminal with a dark background.

\`GET /docs\` shows and searches these operations, and sends requests to this server. It loads nothing from other hosts.
`
}

/** Returns a line for the field, and one for each described field of the object that it takes. */
function linesOf(operation: string, name: string, field: Field): string[] {
  const forms = [field, ...(field.anyOf ?? [])]
  const text = forms.find(({ description }) => description)?.description
  if (text === undefined) throw new Error(`${operation}: the field ${name} has no description`)
  const parts = Object.entries(forms.find(({ properties }) => properties)?.properties ?? {})
  const described = parts.flatMap(([part, { description }]) =>
    description ? [`  - \`${part}\`: ${description}`] : [],
  )
  return [`- \`${name}\`: ${text}`, ...described]
}

/** Calls that name an item, a key or a file that only the reader has. */
const OWN_ID = /\/outbox\/ob_|\/calls\/|\/keys\/key_|\/webhooks\/wh_|\/messages\/[^"]+\/(?:media|thumbnail)"/

/** Does not work on the build that the sandbox serves by default, as reported of the real one. */
const OTHER_BUILDS: ReadonlySet<string> = new Set(['forward_message'])

/** Works with business accounts only, and the sandbox has none. */
const BUSINESS: ReadonlySet<string> = new Set(['list_labels', 'set_chat_labels'])

/** Why the call does not work in the sandbox, as one word behind `sh`; empty: it does. */
function wordOf(name: string, call: string): string {
  if (OTHER_BUILDS.has(name)) return ' other-build'
  if (BUSINESS.has(name)) return ' own-account'
  return OWN_ID.test(call) ? ' own-id' : ''
}

/** The account that the examples add, change and remove. */
const EXAMPLE_ACCOUNT = 'work'

/** The prefixes of codes that a row has all together: of a database that cannot be used. */
const FAMILY = /^(archive|control)_.*/

/** How many rows return this code, or codes of this family. */
const uses = new Map<string, number>()
const familiesOf = (errors: readonly string[]) => new Set(errors.map((code) => code.replace(FAMILY, '$1_*')))
for (const { errors } of ROWS)
  for (const code of familiesOf(errors)) uses.set(code, (uses.get(code) ?? 0) + 1)

/** Returns what a row can return, the rarest first, as code in Markdown. */
function codesOf(errors: readonly string[]): string[] {
  const rarest = [...familiesOf(errors)].sort((a, b) => (uses.get(a) ?? 0) - (uses.get(b) ?? 0))
  return rarest.map((code) => `\`${code}\``)
}

/** Returns a sentence about how long a response takes. */
function paceOf(row: Row): string {
  if (row.takes === 'bytes') return 'The file must arrive within 10 minutes.'
  if (row.gives === 'json') return `Time limit: ${(row.limitMs ?? 2_000) / 1_000} s.`
  return row.gives === 'file'
    ? 'No time limit. A client that reads nothing for a minute is disconnected.'
    : 'Stays open. A client that reads nothing for a minute is disconnected, and can resume at its position.'
}

/** Returns the example as a command line: ids or names in the path, the other fields as a query or as a JSON body. */
function curlCall(method: string, path: string, input: unknown, row: Row): string {
  const { takes, gives } = row
  const saving = 'ranges' in row ? 'curl -OJ' : 'curl -o whatsapp.txt'
  const curl = { json: 'curl', events: 'curl -N', file: saving }[gives]
  if (takes === 'bytes')
    return `curl -X ${method} "$WHATSAPP_MCP_URL${path}" -H 'Content-Type: text/plain' --data-binary 'A short text file'`
  const given = Object.entries(input ?? {})
  const inPath = (name: string) => path.includes(`{${name}}`)
  const address = `$WHATSAPP_MCP_URL${given.reduce(
    (text, [name, value]) => text.replace(`{${name}}`, inAddress(value)),
    path.replace('{account}', EXAMPLE_ACCOUNT),
  )}`
  const rest = given.filter(([name]) => !inPath(name))
  if (rest.length === 0) return `${curl} ${method === 'GET' ? '' : `-X ${method} `}"${address}"`
  const verb = method === 'GET' || method === 'POST' ? '' : `-X ${method} `
  if (method !== 'GET' && method !== 'DELETE') {
    const body = JSON.stringify(Object.fromEntries(rest))
    // curl sends a body with POST.
    return `${curl} ${verb}"${address}" -H 'Content-Type: application/json' \\\n  -d '${body}'`
  }
  const query = rest.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')
  return `${curl} ${verb}"${address}?${query}"`
}

/** Returns a value encoded for a path, safe in a shell. The @ of an id stays unencoded (RFC 3986, 3.3). */
function inAddress(value: unknown): string {
  return encodeURIComponent(String(value)).replaceAll('%40', '@')
}
