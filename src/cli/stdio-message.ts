/** What the pipe must know of a JSON-RPC message to pass it on; the text itself goes through as it came. */
import { toJson } from '../json.ts'

export type Id = string | number

export type Message = {
  /** As the client wrote it. */
  text: string
  /** The requests in it that wait for an answer: one, several in a batch, none in a notification or an answer. */
  ids: Id[]
  /** Null for a batch, and for an answer to a request of the server. */
  method: string | null
  params: Record<string, unknown>
  /** The revision that the message claims for itself, as those since 2026-07-28 do; null in the eras before. */
  revision: string | null
}

/** Where the revisions since 2026-07-28 write which one a message is of. */
const REVISION = 'io.modelcontextprotocol/protocolVersion'

/**
 * The message of one line; null where it is JSON, and no message.
 * @throws SyntaxError where the line is no JSON
 */
export function readMessage(text: string): Message | null {
  const parsed: unknown = JSON.parse(text)
  const parts = Array.isArray(parsed) ? parsed : [parsed]
  if (parts.length === 0 || !parts.every(isRecord)) return null
  const single = Array.isArray(parsed) ? undefined : parts[0]
  const params = isRecord(single?.params) ? single.params : {}
  const meta = isRecord(params._meta) ? params._meta : {}
  const revision = meta[REVISION]
  return {
    text,
    ids: parts.flatMap(({ id, method }) => (typeof method === 'string' && isId(id) ? [id] : [])),
    method: typeof single?.method === 'string' ? single.method : null,
    params,
    revision: typeof revision === 'string' ? revision : null,
  }
}

/** The requests that this text of the server answers. Nothing where it is no JSON-RPC at all. */
export function readAnswer(text: string): { ids: (Id | null)[]; parts: Record<string, unknown>[] } | null {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return null
  }
  const parts = Array.isArray(parsed) ? parsed : [parsed]
  if (!parts.every((part) => isRecord(part) && part.jsonrpc === '2.0')) return null
  const answers = parts.filter((part) => 'result' in part || 'error' in part)
  return { ids: answers.map(({ id }) => (isId(id) ? id : null)), parts }
}

/** Does the server say that it is stopping? Then nothing of the request was done. */
export function saysStopping(parts: Record<string, unknown>[]): boolean {
  return parts.some(({ error }) => isRecord(error) && isRecord(error.data) && error.data.code === 'stopping')
}

/** The text without answers that nobody waits for any more; null where nothing is left of it. */
export function withoutStale(
  text: string,
  parts: Record<string, unknown>[],
  waiting: ReadonlySet<Id>,
): string | null {
  const isStale = (part: Record<string, unknown>) =>
    ('result' in part || 'error' in part) && isId(part.id) && !waiting.has(part.id)
  const wanted = parts.filter((part) => !isStale(part))
  if (wanted.length === parts.length) return text
  return wanted.length === 0 ? null : toJson(wanted)
}

/** The headers that repeat what the body says, for whoever routes by them: the revisions since 2026-07-28 want them. */
export function bodyHeaders({ method, params, revision }: Message): Record<string, string> {
  if (revision === null || method === null) return {}
  const field = NAMED_BY[method]
  const name = field === undefined ? undefined : params[field]
  return {
    'mcp-protocol-version': toHeader(revision),
    'mcp-method': toHeader(method),
    ...(typeof name === 'string' ? { 'mcp-name': toHeader(name) } : {}),
  }
}

const NAMED_BY: Record<string, string | undefined> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
}

/** Plain ASCII as it is, anything else in base64, marked so (2026-07-28, "Standard request headers"). */
function toHeader(value: string): string {
  const isPlain = /^[\x20-\x7e]+$/.test(value) && value === value.trim() && !/^=\?base64\?.*\?=$/.test(value)
  return isPlain ? value : `=?base64?${Buffer.from(value).toString('base64')}?=`
}

/** Everything but a call of a tool only reads, or says the same again. */
export function isRepeatable({ method, ids }: Message): boolean {
  return method !== 'tools/call' && (method !== null || ids.length === 0)
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isId(value: unknown): value is Id {
  return typeof value === 'string' || typeof value === 'number'
}
