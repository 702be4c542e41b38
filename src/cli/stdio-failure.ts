/** Errors between the client and the server, as JSON-RPC errors that include the next step. */

/** JSON-RPC's own codes. Servers may define -32000 (2026-07-28 reserves -32020 to -32099). */
export const RPC = { parse: -32700, invalid: -32600, pipe: -32000 } as const

/** Why a request has no response: `data.code` of the error. */
export type PipeCode =
  /** No server responds, and none could be started. Nothing was done. */
  | 'server_unreachable'
  /** The connection was lost after the request was sent. The action may have happened. */
  | 'outcome_unknown'
  /** The program at the address is not this product, or not the intended server. */
  | 'not_our_server'
  /** The server returned an HTTP error. */
  | 'refused'

/** A request has no response. `message` is one sentence, `hint` the next step. */
export class PipeFailure extends Error {
  readonly code: PipeCode
  readonly hint: string
  /** More fields of `data`: the server's problem JSON. */
  readonly facts: Record<string, unknown>

  constructor(code: PipeCode, message: string, hint: string, facts: Record<string, unknown> = {}) {
    super(message)
    this.name = 'PipeFailure'
    this.code = code
    this.hint = hint
    this.facts = facts
  }
}

/** Returns the JSON-RPC error for a request that has no response. */
export function toRpcError(id: string | number | null, thrown: unknown): string {
  const failure = thrown instanceof PipeFailure ? thrown : unexpected(thrown)
  const { message, hint, code, facts } = failure
  return rpcError(id, RPC.pipe, `${message} Next step: ${hint}`, {
    code,
    retry: code === 'outcome_unknown' ? 'check_first' : 'after_action',
    ...facts,
  })
}

/** Returns a JSON-RPC error as one line. */
export function rpcError(id: string | number | null, code: number, message: string, data?: object): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { code, message, ...(data === undefined ? {} : { data }) },
  })
}

function unexpected(thrown: unknown): PipeFailure {
  const says = thrown instanceof Error ? thrown.message : String(thrown)
  return new PipeFailure(
    'outcome_unknown',
    `The stdio pipe failed (${says}).`,
    'The action may have happened. Check before you repeat it.',
  )
}

/** Returns the error for a failed connection. `wasSent`: the request may have reached the server. */
export function explain({ message, wasSent }: { message: string; wasSent: boolean }): PipeFailure {
  return wasSent
    ? new PipeFailure(
        'outcome_unknown',
        `The connection to the server was lost before the response arrived (${message}).`,
        'The action may have happened. Check before you repeat it. You can repeat a request that only reads.',
      )
    : new PipeFailure(
        'server_unreachable',
        `The server cannot be reached (${message}). Nothing was done.`,
        'Start it with "whatsapp-mcp-api serve" (in a checkout: npm start), or correct the URL (--url, WHATSAPP_MCP_URL), then retry.',
      )
}

/** Returns the error for a request that is pending when the pipe ends. `isOut`: the server may have the request. */
export function cutShort(isOut: boolean): PipeFailure {
  return isOut
    ? new PipeFailure(
        'outcome_unknown',
        'The stdio pipe ended before the response arrived.',
        'The action may have happened. Check before you repeat it. You can repeat a request that only reads.',
      )
    : new PipeFailure(
        'server_unreachable',
        'The stdio pipe ended before the request was sent. Nothing was done.',
        'Start this MCP server in the client again, then repeat the request.',
      )
}

/** Returns the error for an HTTP error response: the server's problem JSON (docs/errors.md), or `not_our_server`. */
export function refusal(status: number | undefined, text: string, url: string): PipeFailure {
  let problem: Record<string, unknown> = {}
  try {
    problem = Object(JSON.parse(text))
  } catch {
    // Not JSON, so not from our server.
  }
  const { code, detail, hint } = problem
  if (typeof code === 'string' && typeof detail === 'string' && typeof hint === 'string')
    return new PipeFailure('refused', detail, hint, { ...problem, code: 'refused', problem: code })
  return new PipeFailure(
    'not_our_server',
    `The program at ${url} (HTTP ${status}) is not whatsapp-mcp-api.`,
    'Set the URL of the server (--url, WHATSAPP_MCP_URL). "whatsapp-mcp-api doctor" checks the port.',
  )
}
