/** docs/rest.md: every operation, with a call of it, from the table. */
import { z } from 'zod'
import { OPERATIONS } from '../src/operations/index.ts'
import { withNames } from '../src/operations/references.ts'

/** The text of the page. */
export function restPage(): string {
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
      withNames(description, (other) => `\`${other}\``),
      ...(fields.length === 0 ? [] : [fields.join('\n')]),
      `\`\`\`sh\n${call}\n\`\`\``,
      `Answers within ${(limitMs ?? 2_000) / 1_000} s.${errors.length === 0 ? '' : ` Codes of its own: ${[...new Set(errors)].map((code) => `\`${code}\``).join(', ')}.`}`,
    ].join('\n\n')
  })
  return `# REST

JSON over HTTP on the loopback. The same, for programs: \`GET /openapi.json\`, or [openapi.json](openapi.json). Failures
are described in [errors](errors.md).

The calls take the server's address from the environment, so that each terminal says which server it means:
\`export WHATSAPP_MCP_URL=http://127.0.0.1:8790\` for your own account, port 8890 for the [sandbox](sandbox.md), in which every call
on this page works as it stands.

${sections.join('\n\n')}

## Requests

Send text as UTF-8: bytes that are not UTF-8, and halves of surrogate pairs (\`\\ud83d\` alone), are 400. Percent-encode queries and
paths.

Fields go in the path, in the query, or, except with \`GET\`, in a JSON body. A field that the route does not know is 400, also on
pages, and so is a field that is given in two places. The MCP endpoint ignores its query, because clients and proxies add to it.

Responses may gain fields: ignore those that you do not know.

## Events as a stream

\`GET /api/events/stream\` tells the same events as \`GET /api/events\` as server-sent events, with the same \`after\`, \`kind\` and
\`chat_id\`; \`Last-Event-ID\`, or \`lastEventId\` in the query, resumes it. [Events](events.md) says what each kind tells.

\`\`\`sh
curl -N "$WHATSAPP_MCP_URL/api/events/stream?kind=message.received"
\`\`\`

## Export

\`GET /api/export?chat_id=&format=jsonl|text\` is the archive, or one chat, as a file: [Moving an archive](archive.md#moving-an-archive)
says what stands in it. The header \`X-Total-Messages\` says how many messages follow. A reader that takes nothing for a minute is disconnected.

\`\`\`sh
curl -o whatsapp.jsonl "$WHATSAPP_MCP_URL/api/export"
\`\`\`

## Pages

\`GET /qr\` is a page for people, on which they link an account: a button to start, the QR code, and what is going on. Always 200.
\`GET /qr/code\` asks for a phone number and leads to a pairing code. Their forms are taken from these pages only. With
\`Accept: text/plain\`, \`GET /qr\` is text for a terminal with a dark background.

\`GET /docs\` shows these operations, searches them and sends them to this server; no other host is asked for anything.
`
}

/** The example as it is typed: ids or names in the path, the rest as a query or as a JSON body. */
function curlCall(method: string, path: string, input: unknown): string {
  const given = Object.entries(input ?? {})
  const inPath = (name: string) => path.includes(`{${name}}`)
  const address = `$WHATSAPP_MCP_URL${given.reduce(
    (text, [name, value]) => text.replace(`{${name}}`, inAddress(value)),
    path,
  )}`
  const rest = given.filter(([name]) => !inPath(name))
  if (rest.length === 0) return `curl ${method === 'GET' ? '' : `-X ${method} `}"${address}"`
  if (method !== 'GET') {
    const body = JSON.stringify(Object.fromEntries(rest))
    return `curl "${address}" -H 'Content-Type: application/json' \\\n  -d '${body}'`
  }
  const query = rest.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')
  return `curl "${address}?${query}"`
}

/** As it stands in a path, safe in a shell; the @ of an id may stay (RFC 3986, 3.3). */
function inAddress(value: unknown): string {
  return encodeURIComponent(String(value)).replaceAll('%40', '@')
}
