/** The operations as tools: their definitions, which never change while the server runs, and calling one. */
import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  type Tool,
} from '@modelcontextprotocol/server'
import { ERRORS, fail, toAppError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { invoke, parseInput } from '../../operations/invoke.ts'
import type { Context, Operation, Size } from '../../operations/operation.ts'
import { BUDGET, FORMATS, type Format, toResult } from './answer.ts'
import { WHOLE } from './cut.ts'
import { toFailure } from './failure.ts'
import { fitAnswer, type Sizes } from './fit.ts'
import { inputSchema, outputSchema } from './schemas.ts'
import { createWording, toolName, type Wording } from './words.ts'

/** What a tool is called with. */
export type ToolCall = {
  name: string
  arguments: Record<string, unknown>
  context: Context
  /** Ours: named in failures and in the log. */
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

/** The tools of these operations. */
export function createTools(operations: readonly Operation[], log: Pick<Log, 'warn'>): Tools {
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
      const wordsHere = (text: string) => words(text, context.mcpUrl)
      try {
        return await answer(operation, given, context, wordsHere)
      } catch (thrown) {
        const error = toAppError(thrown)
        if (ERRORS[error.code].status >= 500)
          log.warn({ request_id: requestId, code: error.code, err: error.cause }, 'tool failed')
        return toFailure(error, context.session.status().state, requestId, wordsHere)
      }
    },
  }
}

function define(name: string, operation: Operation, words: Wording): Tool {
  const { title, description, effect, input, brief, repeatable } = operation
  return {
    name,
    title,
    description: [words(description), ...exampleOf(operation)].join(' '),
    inputSchema: inputSchema(
      input,
      brief === undefined ? {} : { response_format: formatField(operation) },
      words,
    ),
    ...(brief === undefined ? {} : { outputSchema: outputSchema(brief.shape) }),
    annotations: {
      readOnlyHint: effect === 'read',
      // Of a tool that only reads these two say nothing.
      ...(effect === 'read'
        ? {}
        : { destructiveHint: effect === 'destroy', idempotentHint: repeatable === true }),
      // The others know the account's own chats only, whether they ask the archive or WhatsApp: a closed world.
      openWorldHint: effect === 'send',
    },
  }
}

/** A call of it, where there is anything to write. */
function exampleOf({ example }: Operation): string[] {
  const text = JSON.stringify(example.input)
  return text === '{}' ? [] : [`Example: ${text}`]
}

/** What every tool takes besides the input of its operation. */
function formatField({ documented }: Operation): Record<string, unknown> {
  return {
    type: 'string',
    enum: FORMATS,
    default: standardFormat({ documented }),
    ...(documented === undefined ? {} : { description: `detailed: ${sizeOf(documented)}; concise: half.` }),
  }
}

function sizeOf({ tokens, each }: Size): string {
  return `about ${tokens} tokens${each === 'answer' ? '' : ` a ${each}`}`
}

function standardFormat({ documented }: Pick<Operation, 'documented'>): Format {
  return documented === undefined ? 'concise' : 'detailed'
}

/** One call: in full where that is what the documentation promises, else as much as fits. */
async function answer(
  operation: Operation,
  { response_format = standardFormat(operation), ...input }: Record<string, unknown>,
  context: Context,
  words: (text: string) => string,
): Promise<CallToolResult> {
  const format = FORMATS.find((one) => one === response_format)
  if (format === undefined)
    fail('invalid_input', { detail: `"response_format": must be ${FORMATS.join(' or ')}.` })
  const run = async (sizes: Sizes) => object(await invoke(operation, { ...input, ...sizes }, context))
  const first = await run({})
  if (operation.documented !== undefined && format === 'detailed')
    return toResult(operation, first, { format, limits: WHOLE, smaller: {}, words })
  const lists = operation.brief?.sizes ?? {}
  const asked = Object.keys(lists).some((name) => name in input)
  return fitAnswer({
    budget: format === 'concise' && !asked ? BUDGET.standard : BUDGET.most,
    sizes: sizesOf(operation, input),
    lists,
    first,
    ask: run,
    render: (found, limits, smaller) => toResult(operation, found, { format, limits, smaller, words }),
  })
}

/** How much this call tells, as given or by default. Only readings are asked twice. */
function sizesOf({ brief, effect, input }: Operation, given: Record<string, unknown>): Sizes {
  const parsed = Object.entries(object(parseInput(input, given)))
  const lists = effect === 'read' ? (brief?.sizes ?? {}) : {}
  return Object.fromEntries(
    parsed.filter((field): field is [string, number] => field[0] in lists && typeof field[1] === 'number'),
  )
}

/** Inputs and answers are objects, by their schemas; that their types say so is lost in the table. */
function object(value: unknown): object {
  if (typeof value !== 'object' || value === null) throw new TypeError('no object')
  return value
}
