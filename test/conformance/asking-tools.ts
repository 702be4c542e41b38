/**
 * Fixtures: tools that ask the client something before they answer. Written once: the current revision has the client call
 * again with the answers, and for older ones the SDK asks over the session.
 */
import { randomBytes } from 'node:crypto'
import {
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  type InputRequests,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  isSpecType,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { type Tools, text } from './plain-tools.ts'

/** What a call says to the one that follows it, sealed: the client carries it. */
export const state = createRequestStateCodec<{ round: number }>({ key: randomBytes(32) })

/** Ask until everything was answered, then go on with the answers. */
export function ask<Result>(
  ctx: ServerContext,
  inputRequests: InputRequests,
  then: (answers: Record<string, unknown>) => Result,
  requestState?: string,
): Result | InputRequiredResult {
  const { inputResponses = {} } = ctx.mcpReq
  const open = Object.keys(inputRequests).filter(
    (key) => inputResponse(inputResponses, key).kind === 'missing',
  )
  if (open.length === 0) return then(inputResponses)
  return inputRequired({ inputRequests, ...(requestState === undefined ? {} : { requestState }) })
}

type Properties = Parameters<typeof inputRequired.elicit>[0]['requestedSchema'] extends infer Schema
  ? Schema extends { properties: infer P }
    ? P
    : never
  : never

/** A question with one or more fields to fill in; a name alone is a text. */
export function elicit(message: string, fields: string | Properties) {
  const properties: Properties = typeof fields === 'string' ? { [fields]: { type: 'string' } } : fields
  const required = typeof fields === 'string' ? [fields] : []
  return inputRequired.elicit({ message, requestedSchema: { type: 'object', properties, required } })
}

function sample(words: string) {
  return inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text: words } }],
    maxTokens: 100,
  })
}

const name = elicit('What is your name?', 'name')
const confirm = elicit('Please confirm', { ok: { type: 'boolean' } })
const greeting = sample('Generate a greeting')
const roots = inputRequired.listRoots()

const told = (answers: Record<string, unknown>) => text(`Answers: ${JSON.stringify(answers)}`)

function asking(description: string, requests: InputRequests, { sealed = false } = {}): Tools[string] {
  return {
    description,
    async run(_given, ctx) {
      return ask(ctx, requests, told, sealed ? await state.mint({ round: 1 }) : undefined)
    },
  }
}

export const ASKING_TOOLS: Tools = {
  test_sampling: {
    description: 'Asks the model what it was given',
    inputSchema: { type: 'object', properties: { prompt: { type: 'string' } }, required: ['prompt'] },
    run: (given, ctx) => ask(ctx, { answer: sample(String(given.prompt)) }, told),
  },
  test_elicitation: {
    description: 'Asks the person what it was given',
    inputSchema: { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] },
    run: (given, ctx) => ask(ctx, { answer: elicit(String(given.message), 'username') }, told),
  },
  test_elicitation_sep1034_defaults: asking('Asks with a default for each kind of field', {
    form: elicit('Are these right?', {
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
      verified: { type: 'boolean', default: true },
    }),
  }),
  test_elicitation_sep1330_enums: asking('Asks with each kind of choice', {
    form: elicit('Which ones?', {
      untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
      titledSingle: { type: 'string', oneOf: titled('Option') },
      legacyEnum: {
        type: 'string',
        enum: ['opt1', 'opt2', 'opt3'],
        enumNames: ['Option One', 'Option Two', 'Option Three'],
      },
      untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
      titledMulti: { type: 'array', items: { anyOf: titled('Choice') } },
    }),
  }),
  test_missing_capability: asking('Needs a client that samples', { answer: greeting }),
  test_streaming_elicitation: asking('Asks, and sends no request of its own', { user_name: name }),
  test_input_required_result_elicitation: asking('Asks for a name', { user_name: name }),
  test_input_required_result_sampling: asking('Asks the model', {
    capital_question: sample('What is the capital of France?'),
  }),
  test_input_required_result_list_roots: asking('Asks for the roots', { client_roots: roots }),
  test_input_required_result_request_state: asking('Asks, with a state', { confirm }, { sealed: true }),
  test_input_required_result_tampered_state: asking('Asks, with a state', { confirm }, { sealed: true }),
  test_input_required_result_multiple_inputs: asking(
    'Asks three things at once',
    { user_name: name, greeting, client_roots: roots },
    { sealed: true },
  ),
  test_input_required_result_multi_round: {
    description: 'Asks twice',
    async run(_given, ctx) {
      const round = ctx.mcpReq.requestState<{ round: number }>()?.round ?? 0
      const first = { step1: elicit('Step 1: What is your name?', 'name') }
      const second = { step2: elicit('Step 2: What is your favorite color?', 'color') }
      if (round === 2) return ask(ctx, second, told, await state.mint({ round: 2 }))
      const next = await state.mint({ round: 2 })
      return ask(
        ctx,
        first,
        () => inputRequired({ inputRequests: second, requestState: next }),
        await state.mint({ round: 1 }),
      )
    },
  },
  test_input_required_result_capabilities: {
    description: 'Asks for what the client says it can do',
    run(_given, ctx) {
      const said = new Map(Object.entries(ctx.mcpReq.envelope ?? {})).get(CLIENT_CAPABILITIES_META_KEY)
      const can = isSpecType.ClientCapabilities(said) ? said : {}
      return ask(
        ctx,
        { ...(can.elicitation ? { user_name: name } : {}), ...(can.sampling ? { greeting } : {}) },
        told,
      )
    },
  },
}

function titled(noun: string) {
  return ['First', 'Second', 'Third'].map((which, index) => ({
    const: `value${index + 1}`,
    title: `${which} ${noun}`,
  }))
}
