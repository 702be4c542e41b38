/** Reads the parts of a JSON-RPC message that the pipe needs. The pipe forwards the text itself unchanged. */
import { isRecord, toJson } from '../json.ts'

export type Id = string | number

export type Message = {
  /** As the client wrote it. */
  text: string
  /** Ids of the requests that expect a response: one, several in a batch, none in a notification or a response. */
  ids: Id[]
  /** Null for a batch, and for a response to a request of the server. */
  method: string | null
  params: Record<string, unknown>
  /** The protocol revision that the message names, as messages since 2026-07-28 do; null for older revisions. */
  revision: string | null
}

/** The `_meta` key of the revision, since 2026-07-28. */
const REVISION = 'io.modelcontextprotocol/protocolVersion'

/**
 * Parses the message of one line. Returns null if the line is JSON but not a message.
 * @throws SyntaxError if the line is not JSON
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

/**
 * Returns the messages of this text of the server, one or those of a batch, and the ids of the requests that they respond to.
 * An id is null if the server could not read it. Returns null if the text is not JSON-RPC.
 */
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

/** True if the server responds that it is stopping. Nothing was done then. */
export function announcesStop(parts: Record<string, unknown>[]): boolean {
  return parts.some(({ error }) => isRecord(error) && isRecord(error.data) && error.data.code === 'stopping')
}

/** Removes responses that are no longer expected, such as to cancelled requests. Returns null if nothing remains. */
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

/** Returns the headers that repeat parts of the body, for proxies that route by them. Required since 2026-07-28. */
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

/** Encodes a header value: plain ASCII stays, anything else becomes marked base64 (2026-07-28, "Standard request headers"). */
function toHeader(value: string): string {
  const isPlain = /^[\x20-\x7e]+$/.test(value) && value === value.trim() && !/^=\?base64\?.*\?=$/.test(value)
  return isPlain ? value : `=?base64?${Buffer.from(value).toString('base64')}?=`
}

/** True if the message can be repeated safely. Everything except a tool call only reads, or has the same effect again. */
export function isRepeatable({ method, ids }: Message): boolean {
  return method !== 'tools/call' && (method !== null || ids.length === 0)
}

function isId(value: unknown): value is Id {
  return typeof value === 'string' || typeof value === 'number'
}
