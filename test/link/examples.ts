/** Runs the examples of the table on one build: what docs/operations.md says under "works on". */
import type { Client } from '@modelcontextprotocol/client'
import { expect } from 'vitest'
import { toolName } from '../../src/faces/mcp/words.ts'
import type { Event } from '../../src/model/events.ts'
import { OPERATIONS, ROWS } from '../../src/operations/index.ts'
import type { Row } from '../../src/operations/operation.ts'
import { requestOf } from '../call-row.ts'
import type { Harness } from '../harness.ts'
import { PROOFS } from './proofs.ts'

/** They link and unlink; the test does that itself. */
const LINKING = ['start_auth', 'pairing_code', 'logout']

/** `works`: the example was answered, and the phone and the log have its effect. `broken`: the build lacks what it needs. */
export type BuildState = 'works' | 'broken' | `refused: ${string}`

/** Every row that uses WhatsApp Web, and that a linked account can call: in the order of the table, as an example may need another. */
export const EXAMPLES: readonly Row[] = ROWS.filter(
  ({ name, uses }) => uses !== undefined && !LINKING.includes(name),
)

/** Calls a row over one face; `code` of an error. */
export type Answering = (row: Row, input: Record<string, unknown>) => Promise<{ code: unknown } | 'done'>

/**
 * Runs the example of this row. Fails if it was answered and its effect does not show.
 * @param answer default: over REST
 */
export async function runExample(
  row: Row,
  harness: Harness,
  answer: Answering = overRest(harness),
): Promise<BuildState> {
  const cursor = async () => (await harness.get('/api/events')).json.next_after
  let after = await cursor()
  const { phone, event, prepare, shown } = PROOFS[row.name] ?? {}
  const { world } = harness
  const logged = (what: string, fits: (event: Event) => boolean) =>
    expect
      .poll(async () => (await harness.get(`/api/events?after=${after}&limit=100`)).json.events.some(fits), {
        message: `${what} of ${row.name}`,
      })
      .toBe(true)
  const input = { ...Object(row.example.input), ...(await prepare?.(world)) }
  if (shown !== undefined) {
    await logged('what was prepared', shown)
    // What was prepared is no effect of the example.
    after = await cursor()
  }
  const answered = await answer(row, input)
  if (answered !== 'done')
    return answered.code === 'not_supported_by_whatsapp_web' ? 'broken' : `refused: ${answered.code}`
  if (phone !== undefined)
    await expect.poll(() => phone(world), { message: `${row.name} on the phone` }).toBe(true)
  if (event !== undefined) await logged(event, ({ kind }) => kind === event)
  return 'works'
}

/** See {@link answerOf}. */
function overRest(harness: Harness): Answering {
  return async (row, input) => {
    const { status, code } = await answerOf(row, input, harness)
    return status >= 400 ? { code } : 'done'
  }
}

/** Over MCP: rows that have a tool. The last line of an error is its facts. */
export function overMcp(client: Client): Answering {
  return async (row, input) => {
    const operation = OPERATIONS.find((one) => one.name === row.name)
    const name = (operation && toolName(operation)) ?? expect.fail(`${row.name} has no tool`)
    const { isError, content } = await client.callTool({ name, arguments: input })
    const [first] = content
    if (isError !== true) return 'done'
    return JSON.parse((first?.type === 'text' ? first.text : '').split('\n').at(-1) ?? '{}')
  }
}

/** Calls the row over REST. Fails five seconds after its limit: no answer is as late as that. */
export async function answerOf(
  row: Row,
  input: Record<string, unknown>,
  harness: Harness,
): Promise<{ status: number; code: unknown }> {
  const request = requestOf(row, input)
  if (row.gives !== 'events') {
    const limitMs = (('limitMs' in row ? row.limitMs : undefined) ?? 2_000) + 5_000
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`${row.name} has not answered after ${limitMs} ms`)), limitMs).unref()
    })
    const { status, json } = await Promise.race([harness.call(request), late])
    return { status, code: json?.code }
  }
  // A stream has no end: its head is the answer.
  const ended = new AbortController()
  const { status } = await fetch(`${harness.url}${request.path}`, { signal: ended.signal })
  ended.abort()
  return { status, code: status >= 400 ? 'stream' : undefined }
}
