/**
 * The SDK's server with four changes: requests take turns, errors name each invalid parameter in a sentence, a question that the
 * client fails to answer is no error, and it closes at less cost.
 */
import {
  type CallToolResult,
  type Implementation,
  isInputRequiredResult,
  type JSONRPCRequest,
  ProtocolError,
  type RequestId,
  type Result,
  Server,
  type ServerContext,
  type ServerOptions,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { AppError } from '../../errors.ts'
import { toJson } from '../../json.ts'
import { requestIdOf } from './exchange.ts'
import { toProtocolError } from './failure.ts'
import type { Turns } from './turns.ts'

type Handler = (request: JSONRPCRequest, context: ServerContext) => Promise<Result>

/**
 * Wraps every handler in every lane through the SDK's hook for subclasses (server 2.4, `_wrapHandler`; package.json
 * pins that minor version).
 */
export class WordedServer extends Server {
  readonly #turns: Turns
  /**
   * What a call returns if the client fails to answer its question, by JSON-RPC id. Over a legacy session, the SDK would return only
   * the error of the client.
   */
  readonly unanswered = new Map<RequestId, CallToolResult>()

  constructor(info: Implementation, options: ServerOptions, turns: Turns) {
    super(info, options)
    this.#turns = turns
  }

  protected override _wrapHandler(method: string, handler: Handler): Handler {
    const wrapped = super._wrapHandler(method, handler)
    return async (request, context) => {
      const requestId = requestIdOf(context)
      const { id, signal } = context.mcpReq
      try {
        const result = await this.#turns.take(requestId, signal, () => wrapped(request, context))
        const instead = this.unanswered.get(id)
        return instead === undefined || isInputRequiredResult(result) ? result : instead
      } catch (thrown) {
        const detail = describeInvalidFields(thrown)
        if (detail === null) throw thrown
        throw toProtocolError(new AppError('invalid_input', { detail }), requestId, (text) => text)
      } finally {
        this.unanswered.delete(id)
      }
    }
  }

  /** Every closing server creates an error for requests that still run, and most requests have a server of their own. */
  protected override _onclose(): void {
    withoutStacks(() => super._onclose())
  }
}

/** Calls this function without collecting the stacks of the errors that it creates. */
function withoutStacks(run: () => void): void {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    run()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** The list of issues at the end of the message of the SDK's parameter errors. */
const Issues = z.array(
  z.object({
    path: z.tuple([z.literal('params')], z.union([z.string(), z.number()])),
    expected: z.string().optional(),
  }),
)

const KINDS: Record<string, string> = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

/** Returns a sentence that names each invalid field, or null if the error is of another kind. */
function describeInvalidFields(thrown: unknown): string | null {
  const isOfSdk = thrown instanceof ProtocolError || (thrown instanceof Error && thrown.name === 'Error')
  const [list] = (isOfSdk && /\[\n {2}\{[\s\S]*\]$/.exec(thrown.message)) || []
  const issues = list === undefined ? null : Issues.safeParse(parse(list)).data
  if (!issues) return null
  const parts = issues.slice(0, 5).map(({ path: [, ...path], expected }) => {
    const field = path.length === 0 ? 'params' : toJson(path.join('.').slice(0, 80))
    return `${field}: ${expected === undefined ? 'is invalid' : `must be ${KINDS[expected] ?? expected}`}`
  })
  return `${parts.join('; ')}.`
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return null
  }
}
