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
