/** What went wrong between the client and the server, as the client is told: a JSON-RPC error with the next step in it. */

/** JSON-RPC's own codes; -32000 is ours to use (2026-07-28 keeps -32020 to -32099 for itself). */
export const RPC = { parse: -32700, invalid: -32600, pipe: -32000 } as const

/** Why there is no answer; `data.code` of the error. */
export type PipeCode =
  /** No server answers, and none could be started. Nothing was done. */
  | 'server_unreachable'
  /** The connection broke off after the request had gone out: it may have been done. */
  | 'outcome_unknown'
  /** Something answers at the address that is not this product, or not the one that was meant. */
  | 'not_our_server'
  /** The server answered with a failure of its own, in HTTP. */
  | 'refused'

/** There is no answer for the client. `message` is one sentence, `hint` the next step. */
export class PipeFailure extends Error {
  readonly code: PipeCode
  readonly hint: string
  /** More for `data`: what the server said. */
  readonly facts: Record<string, unknown>

  constructor(code: PipeCode, message: string, hint: string, facts: Record<string, unknown> = {}) {
    super(message)
    this.name = 'PipeFailure'
    this.code = code
    this.hint = hint
    this.facts = facts
  }
}

/** The answer to a request that has no other. */
export function toRpcError(id: string | number | null, thrown: unknown): string {
  const failure = thrown instanceof PipeFailure ? thrown : unexpected(thrown)
  const { message, hint, code, facts } = failure
  return rpcError(id, RPC.pipe, `${message} Next step: ${hint}`, {
    code,
    retry: code === 'outcome_unknown' ? 'check_first' : 'after_action',
    ...facts,
  })
}

/** Any error as one line. */
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
    `The pipe to the server failed (${says}).`,
    'Look whether what was asked for has happened before you repeat it.',
  )
}

/** Why a connection that failed brought no answer. `wasSent`: the request may have reached the server. */
export function explain({ message, wasSent }: { message: string; wasSent: boolean }): PipeFailure {
  return wasSent
    ? new PipeFailure(
        'outcome_unknown',
        `The connection to the server broke off before the answer came (${message}).`,
        'What was asked for may have happened all the same: look before you repeat it. What only reads can be repeated.',
      )
    : new PipeFailure(
        'server_unreachable',
        `The server cannot be reached (${message}), so nothing was done.`,
        'Start it with "whatsapp-mcp-api serve" (in a checkout: npm start), or correct the address (--url, WHATSAPP_MCP_URL); then try again.',
      )
}

/** The pipe ends while a request waits for its answer. `isOut`: the server may have it. */
export function cutShort(isOut: boolean): PipeFailure {
  return isOut
    ? new PipeFailure(
        'outcome_unknown',
        'The pipe to the server ended before the answer came.',
        'What was asked for may have happened all the same: look before you repeat it. What only reads can be repeated.',
      )
    : new PipeFailure(
        'server_unreachable',
        'The pipe to the server ended before the request had gone out, so nothing was done.',
        'Start this MCP server in the client again, and repeat the request.',
      )
}

/** A failure that the server told in HTTP: as problem JSON (docs/errors.md), where it is ours. */
export function refusal(status: number | undefined, text: string, url: string): PipeFailure {
  let problem: Record<string, unknown> = {}
  try {
    problem = Object(JSON.parse(text))
  } catch {
    // Whatever it is, it is not ours.
  }
  const { code, detail, hint } = problem
  if (typeof code === 'string' && typeof detail === 'string' && typeof hint === 'string')
    return new PipeFailure('refused', detail, hint, { ...problem, code: 'refused', problem: code })
  return new PipeFailure(
    'not_our_server',
    `What answers at ${url} (HTTP ${status}) is not whatsapp-mcp-api.`,
    'Name the server that is meant (--url, WHATSAPP_MCP_URL); "whatsapp-mcp-api doctor" looks at the port.',
  )
}
