/** The operations as tools: their definitions, and tool calls. */
import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  type Tool,
} from '@modelcontextprotocol/server'
import type { z } from 'zod'
import { AppError, ERRORS, fail, toAppError } from '../../errors.ts'
import { toJson } from '../../json.ts'
import type { Log } from '../../log.ts'
import { fieldsOf } from '../../model/fields.ts'
import { idempotencyKey } from '../../model/idempotency-key.ts'
import type { Call } from '../../operations/call.ts'
import { type Door, type Grant, run } from '../../operations/door.ts'
import { briefShape, type Operation, type Size } from '../../operations/operation.ts'
import { parseInput } from '../../operations/parse-input.ts'
import { SCHEDULED } from '../../operations/send.ts'
import { heldBy } from '../../operations/several.ts'
import { BUDGET, FORMATS, type Format, toResult } from './answer.ts'
import { type Arguments, createArgumentReader } from './arguments.ts'
import { toFailure } from './failure.ts'
import { fitAnswer, fitWhole, type Sizes } from './fit.ts'
import { withProgress } from './progress.ts'
import { inputSchema, outputSchema } from './schemas.ts'
import { createWording, toolName, type Wording } from './words.ts'

/** One tool call. */
export type ToolCall = {
  name: string
  arguments: Record<string, unknown>
  call: Call
  /** Receives progress. */
  progress: Parameters<typeof withProgress>[0]
  /** Receives the ids of the items that wait for approval. */
  onHeld?(items: readonly string[]): void
}

export type Tools = {
  /** The tools as `tools/list` returns them, in the order of the table. */
  definitions: readonly Tool[]
  /** True if what this tool sends can wait for approval. */
  canWait(name: string): boolean
  /**
   * Returns the result. Errors of the operation are results too (`isError`).
   * @throws ProtocolError -32602 for an unknown tool
   */
  call(call: ToolCall): Promise<CallToolResult>
}

export type ToolsOptions = {
  /** The offered operations. */
  operations: readonly Operation[]
  /** Returns the toolset of a tool that is not offered; null: there is no such tool. */
  toolsetOf(tool: string): string | null
  /** The operations for which the caller lacks the scope. */
  denied: readonly Operation[]
  door: Door
  /** The account of the endpoint. */
  account: string
  /** The URL of the MCP endpoint; known once the server listens. */
  mcpUrl(): string
  log: Pick<Log, 'warn'>
}

/** In characters of JSON; about 170 tokens. */
const SMALL_SCHEMA = 700

/** The field that every tool has besides the input of its operation. */
const FORMAT = 'response_format'

/** The field of every tool that is not a reading. */
const KEY = 'idempotency_key'
const KEY_FIELD = { type: 'string', description: 'UUID. Repeating a call with its key runs it once.' }

/** The admission for the progress of a call, which a client receives in every state of the session. */
const PROGRESS = { name: 'report_progress', needs: 'nothing' } as const

/** The fields that a tool has besides the input of its operation. */
const moreFieldsOf = ({ effect }: Operation) => (effect === 'read' ? [FORMAT] : [KEY, FORMAT])

/** Returns the operations that are tools, each with the name of its tool. */
function toolsOf(operations: readonly Operation[]): [string, Operation][] {
  return operations.flatMap((operation): [string, Operation][] => {
    const name = toolName(operation)
    return name === null ? [] : [[name, operation]]
  })
}

/** Returns these operations as `tools/list` does, in the order of the table. */
export function defineTools(operations: readonly Operation[], account?: string): Tool[] {
  const words = createWording(operations, account)
  return toolsOf(operations).map(([name, operation]) => define(name, operation, words))
}

/** Returns the tools of these operations. */
export function createTools({
  operations,
  toolsetOf,
  denied,
  door,
  account,
  mcpUrl,
  log,
}: ToolsOptions): Tools {
  const words = createWording(operations, account, denied)
  const byName = new Map(
    toolsOf(operations).map(([name, operation]) => [
      name,
      { operation, readArguments: createArgumentReader(operation, moreFieldsOf(operation)) },
    ]),
  )
  return {
    definitions: defineTools(operations, account),
    canWait(name) {
      const { answer, several } = byName.get(name)?.operation ?? {}
      return answer !== undefined || several !== undefined
    },
    async call({ name, arguments: given, call, progress, onHeld }) {
      const tool = byName.get(name)
      if (tool === undefined) {
        const asked = denied.find((one) => toolName(one) === name)
        // For the client it does not exist; the audit log has the attempt.
        if (asked !== undefined)
          await door.audited(asked, call, async () => fail('scope_missing')).catch(() => {})
        const toolset = toolsetOf(name)
        const text =
          toolset === null
            ? 'This tool does not exist. Next step: call tools/list for the names.'
            : `This tool belongs to the toolset "${toolset}", which is off. Next step: call {{list_toolsets}}.`
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, words(text))
      }
      const { operation, readArguments } = tool
      const wordsHere = (text: string) => words(text, mcpUrl())
      try {
        return await door.audited(operation, call, async (about) => {
          const prepared = prepare(operation, readArguments(given))
          about(prepared.input)
          const keyed = { ...call, ...prepared.once }
          let granted: Grant | undefined
          const admit = () => {
            granted ??= door.admit(operation, keyed, about)
            return granted
          }
          const runOnce: RunOnce = async (input) =>
            about(await door.once(operation, input, keyed, async () => run(operation, input, admit())))
          const answerTo = (row: Operation, ask: RunOnce) =>
            answer(row, prepared, { account, admit }, ask, wordsHere)
          const work = () =>
            answerTo(operation, runOnce).catch((thrown) => {
              const [row, output] = scheduledBy(thrown, operation, prepared.parsed)
              return answerTo(row, async () => about(object(output)))
            })
          const isSlow = operation.limitMs !== undefined
          if (!isSlow) return work()
          const reporting = () => ({
            ...door.admit({ ...operation, ...PROGRESS }, call),
            words: wordsHere,
          })
          return withProgress(progress, reporting, work)
        })
      } catch (thrown) {
        const error = toAppError(thrown)
        const held = heldBy(error)
        if (held.length > 0) onHeld?.(held)
        if (ERRORS[error.code].status >= 500)
          log.warn({ request_id: call.requestId, code: error.code, err: error.cause }, 'tool failed')
        return toFailure(error, door.stateFor(call), call.requestId, wordsHere)
      }
    },
  }
}

/**
 * Returns the row and the output for the error `send_scheduled`, which is a success for an agent: the row of one scheduled message,
 * or the operation itself for several messages. Throws any other error again.
 */
function scheduledBy(thrown: unknown, operation: Operation, input: unknown): [Operation, unknown] {
  if (!(thrown instanceof AppError && thrown.code === 'send_scheduled')) throw thrown
  const { facts } = thrown
  const row = facts.results === undefined ? { ...operation, ...SCHEDULED } : operation
  return [row, row.output.parse({ ok: true, ...facts, ...operation.several?.(input) })]
}

function define(name: string, operation: Operation, words: Wording): Tool {
  const { title, description, effect, input, brief, repeatable } = operation
  return {
    name,
    title,
    description: [words(description), ...exampleOf(operation)].join(' '),
    inputSchema: inputSchema(
      input,
      {
        ...(effect === 'read' ? {} : { [KEY]: KEY_FIELD }),
        ...(brief === undefined ? {} : { [FORMAT]: formatField(operation) }),
      },
      words,
    ),
    ...schemaOf(operation),
    annotations: {
      readOnlyHint: effect === 'read',
      // These two have no meaning for a tool that only reads.
      ...(effect === 'read'
        ? {}
        : { destructiveHint: effect === 'destroy', idempotentHint: repeatable === true }),
      // All other tools work on the account's own chats only, in the archive or on WhatsApp: a closed world.
      openWorldHint: effect === 'send',
    },
  }
}

/**
 * Returns the output schema. Tools outside `core` have one only if it is small: the agent's context holds the schemas of all
 * tools that are on.
 */
function schemaOf(operation: Operation): Pick<Tool, 'outputSchema'> {
  if (operation.brief === undefined) return {}
  const shape = briefShape(operation)
  const schema = outputSchema(operation.answer === undefined ? shape : orScheduled(shape))
  const isAlwaysOn = operation.toolset === null || operation.toolset === 'core'
  return isAlwaysOn || toJson(schema).length <= SMALL_SCHEMA ? { outputSchema: schema } : {}
}

/** Returns the shape of a row that sends: a scheduled message has `item`, and none of the fields of a sent one. */
function orScheduled(sent: z.ZodObject): z.ZodObject {
  const { ok, item } = SCHEDULED.brief.shape.shape
  return sent.partial().extend({ ok, item: item.optional() })
}

/** Returns an example call, or nothing if the tool needs no input. */
function exampleOf({ example }: Operation): string[] {
  const text = JSON.stringify(example.input)
  return text === '{}' ? [] : [`Example: ${text}`]
}

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

/** The checked arguments of a call. `parsed`: the input of its operation. */
type Prepared = Arguments & {
  format: Format
  parsed: unknown
  sizes: Sizes
  once: Pick<Call, 'idempotencyKey'>
}

/** Runs the operation with a parsed input. */
type RunOnce = (input: unknown) => Promise<unknown>

/** @throws AppError `invalid_input` */
function prepare(
  operation: Operation,
  { input: { [FORMAT]: wanted = standardFormat(operation), [KEY]: key, ...input }, notes }: Arguments,
): Prepared {
  const format = FORMATS.find((one) => one === wanted)
  if (format === undefined) fail('invalid_input', { detail: `"${FORMAT}": must be ${FORMATS.join(' or ')}.` })
  const parsed = parseInput(operation.input, input)
  return { format, input, parsed, notes, sizes: sizesOf(operation, parsed), once: readKey(key) }
}

/** @throws AppError `invalid_input` */
function readKey(given: unknown): Pick<Call, 'idempotencyKey'> {
  if (given === undefined) return {}
  const key = idempotencyKey.safeParse(given)
  if (!key.success)
    fail('invalid_input', { detail: `"${KEY}": ${key.error.issues[0]?.message ?? 'is invalid'}.` })
  return { idempotencyKey: key.data }
}

/** Runs one call. Documented tools return everything; others return what fits, and run again with smaller pages if needed. */
async function answer(
  operation: Operation,
  { format, input, parsed, notes, sizes: wanted }: Prepared,
  { account, admit }: { account: string; admit(): Grant },
  runOnce: RunOnce,
  words: (text: string) => string,
): Promise<CallToolResult> {
  const ask = async (from: unknown) => object(await runOnce(from))
  const first = await ask(parsed)
  if (operation.documented !== undefined && format === 'detailed')
    return fitWhole(first, fieldsOf(operation.output), (limits) =>
      toResult(operation, first, { format, limits, smaller: {}, notes, words, account }),
    )
  const lists = operation.brief?.sizes ?? {}
  const setsSize = Object.keys(lists).some((name) => name in input)
  const result = await fitAnswer({
    budget: format === 'concise' && !setsSize ? BUDGET.standard : BUDGET.most,
    sizes: wanted,
    lists,
    first,
    ask: (sizes) => ask(parseInput(operation.input, { ...input, ...sizes })),
    render: (found, limits, smaller) =>
      toResult(operation, found, { format, limits, smaller, notes, words, account }),
  })
  // Pictures cost a client other tokens than text, so they do not count for the budget.
  for (const { bytes, mimetype } of (await operation.images?.(parsed, first, admit())) ?? []) {
    result.content.push({ type: 'image', data: Buffer.from(bytes).toString('base64'), mimeType: mimetype })
  }
  return result
}

/** Returns the page sizes of this call, given or default. Only readings run twice. */
function sizesOf({ brief, effect }: Operation, parsed: unknown): Sizes {
  const lists = effect === 'read' ? (brief?.sizes ?? {}) : {}
  return Object.fromEntries(
    Object.entries(object(parsed)).filter(
      (field): field is [string, number] => field[0] in lists && typeof field[1] === 'number',
    ),
  )
}

/** Inputs and outputs are objects by their schemas, but the type of the table does not say so. */
function object(value: unknown): object {
  if (typeof value !== 'object' || value === null) throw new TypeError('no object')
  return value
}
