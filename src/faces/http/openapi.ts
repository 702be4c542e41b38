/** Creates the OpenAPI 3.1 document from the operations table. */
import { z } from 'zod'
import { ERRORS, type ErrorCode } from '../../errors.ts'
import { Chat, Gap } from '../../model/chat.ts'
import { Contact } from '../../model/contact.ts'
import { Event } from '../../model/events.ts'
import { Media, Message, Reaction, Revision } from '../../model/message.ts'
import { OutboxItem } from '../../model/outbox.ts'
import { Status } from '../../model/status.ts'
import { Account } from '../../operations/accounts.ts'
import { CONTROL_ERRORS, fixedAt, type Row, TAGS } from '../../operations/operation.ts'
import { withNames } from '../../operations/references.ts'
import { PROBLEM_TYPE } from './problem.ts'

/** The codes of problems. The others are responses to messages that wait. */
const ERROR_CODES = Object.entries(ERRORS).flatMap(([code, { status }]) => (status < 400 ? [] : [code]))

/** Error codes that every operation can return (see server.ts and door.ts). */
const COMMON_ERRORS: ErrorCode[] = [
  'malformed_request',
  'forbidden_host',
  'forbidden_origin',
  'key_required',
  'token_invalid',
  'issuer_unavailable',
  'too_many_wrong_keys',
  'scope_missing',
  'other_user',
  'request_timeout',
  'expectation_failed',
  'headers_too_large',
  'internal_error',
  'whatsapp_timeout',
  // Keys are in the control database.
  ...CONTROL_ERRORS,
]
/** The errors of a request body, by what the row takes. */
const BODY_ERRORS: Record<Row['takes'], ErrorCode[]> = {
  json: ['malformed_json', 'body_too_large', 'unsupported_media_type'],
  bytes: ['body_too_large', 'unsupported_media_type'],
}

/** What a request with an idempotency key can return. */
const KEY_ERRORS: ErrorCode[] = [
  'idempotency_key_reused',
  'idempotency_in_progress',
  'outcome_unknown',
  ...CONTROL_ERRORS,
]

/** Returns true if requests with this method may have a body. */
function takesBody(method: string): boolean {
  return method !== 'GET' && method !== 'DELETE'
}

/** Returns true if requests may have an idempotency key: everything but readings. */
function takesIdempotencyKey(operation: Pick<Row, 'takes'>): boolean {
  return operation.takes === 'bytes' || ('effect' in operation && operation.effect !== 'read')
}

/** Returns every error code that this operation can return: its own, and those of every operation. */
export function possibleErrors(
  operation: Pick<Row, 'errors' | 'routes' | 'takes' | 'isGlobal'>,
  method: string,
): ErrorCode[] {
  const own = [...COMMON_ERRORS, ...operation.errors, 'invalid_input' as const]
  if (takesIdempotencyKey(operation)) own.push(...KEY_ERRORS)
  // A key may be limited to other accounts.
  if (operation.isGlobal !== true) own.push('account_not_found')
  // Ids in paths have a maximum length (server.ts).
  if (operation.routes.some((route) => route.includes('{'))) own.push('uri_too_long')
  return [...new Set(takesBody(method) ? [...own, ...BODY_ERRORS[operation.takes]] : own)]
}

type Json = Record<string, unknown>

/** Schemas that responses refer to. Parts must come before the schemas that contain them. */
const COMPONENTS: Record<string, z.ZodType> = {
  Media,
  Reaction,
  Message,
  Revision,
  Gap,
  Chat,
  Contact,
  ...Object.fromEntries(Event.options.map((kind) => [eventName(kind.shape.kind.value), kind])),
  Event,
  Status,
  Account,
  OutboxItem,
}

/** An event of any kind. */
const ANY_EVENT: Json = {
  oneOf: Event.options.map(({ shape }) => ({ $ref: `#/components/schemas/${eventName(shape.kind.value)}` })),
}

/** The default address of the server. */
const DEFAULT_SERVER = { url: 'http://127.0.0.1:8790', description: 'This computer only.' }

/** Returns the document for these operations. `version`: version of the product. */
export function createOpenApi(...args: Parameters<typeof openApiSteps>): Json {
  const steps = openApiSteps(...args)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Creates the document in steps of a few milliseconds, so that the server can respond in between. */
export function* openApiSteps(
  rows: readonly Row[],
  version: string,
  server = DEFAULT_SERVER,
): Generator<void, Json> {
  described ??= yield* describeComponents()
  const { schemas, refer } = described
  const paths: Record<string, Json> = {}
  const outputs: Json = {}
  const templates = templatesOf(rows)
  for (const operation of rows) {
    const answer = describeAnswer(operation, outputs, refer)
    operation.routes.forEach((route, index) => {
      const [method = '', path = ''] = route.split(' ')
      const template = templates(path)
      const fixed = Object.keys(fixedAt(operation, route))
      paths[template] = {
        ...paths[template],
        [method.toLowerCase()]: describeRoute(operation, method, path, index, { template, fixed, answer }),
      }
    })
    yield
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'whatsapp-mcp-api',
      version,
      summary: 'Use your own WhatsApp account from agents and scripts.',
      description:
        'A self-hosted server that is a linked device of your account. Every error is problem JSON with a documented code, a hint and a request id. The paths under `/api` are those of the account `default`: every path `/api/X` of one account is also `/api/accounts/{account}/X`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      contact: { name: 'whatsapp-mcp-api' },
    },
    servers: [server],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    // Without a key, the server checks the loopback, the user of the operating system and the origin of the request.
    security: [{}, { Bearer: [] }, { ApiKey: [] }],
    paths,
    webhooks: describeWebhooks(),
    components: {
      parameters: { Account: ACCOUNT, IdempotencyKey: IDEMPOTENCY_KEY },
      securitySchemes: {
        Bearer: { type: 'http', scheme: 'bearer', description: 'A key of POST /api/keys.' },
        ApiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same key.' },
      },
      schemas: { ...schemas, ...outputs, Waiting: WAITING, Problem: problemSchema() },
    },
  }
}

/** Returns one template for each path, as OpenAPI requires. If rows name its parameters differently, the last row decides. */
function templatesOf(rows: readonly Row[]): (path: string) => string {
  const shapeOf = (path: string) => path.replace(/\{\w+\}/g, '{}')
  const paths = rows.flatMap(({ routes }) => routes.map((route) => route.split(' ')[1] ?? ''))
  const templates = new Map(paths.map((path) => [shapeOf(path), path]))
  return (path) => templates.get(shapeOf(path)) ?? path
}

/** The header with the cursor of a stream. EventSource in browsers sends it automatically. */
const LAST_EVENT_ID = {
  name: 'Last-Event-ID',
  in: 'header',
  required: false,
  description: 'The last id that the client received. The stream continues after it. Overrides `after`.',
  schema: { type: 'string' },
}

/** The header of every operation that is not a reading. */
const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'A name for this request that the client makes, such as a UUID. Within 7 days, the same key with the same input runs once and returns the same response.',
  schema: { type: 'string', pattern: '^[!-~]{1,200}$' },
}

/** What is returned for a message that is not sent yet. */
const WAITING = {
  type: 'object',
  required: ['ok', 'item'],
  properties: {
    ok: { const: true },
    item: { $ref: '#/components/schemas/OutboxItem' },
    results: {
      type: 'array',
      items: { type: 'object' },
      description:
        'Of several messages: one result for each, as in the response 200. `item` is then the first that waits.',
    },
  },
}
const WAITS = {
  description: 'The message waits in the outbox, for a decision of the owner or for its time.',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Waiting' } } },
}

const FILE_BYTES = { schema: { type: 'string', format: 'binary' } }

/** The body of a row that takes bytes. Swagger UI shows a file field for `binary`. */
const BYTES = {
  required: true,
  description: 'The bytes of the file, with its media type as Content-Type.',
  content: { '*/*': FILE_BYTES },
}

/** The other responses of a file that is read in ranges. */
const RANGES = {
  206: { description: 'The range of the header Range. Content-Range says which.' },
  304: { description: 'The version is the one in If-None-Match.' },
}

/** The account of a path. It belongs to the call and is no field of the operation. */
const ACCOUNT = {
  name: 'account',
  in: 'path',
  required: true,
  description: 'Id of the account.',
  schema: { type: 'string' },
  example: 'work',
}

/**
 * Describes one route.
 * @param template the path in the document; its parameters replace the row's own. `fixed`: the fields that the route sets.
 * `answer`: its success response
 */
function describeRoute(
  operation: Row,
  method: string,
  path: string,
  index: number,
  { template, fixed, answer }: { template: string; fixed: string[]; answer: Json },
): Json {
  const input = without(schemaOf(operation.input, 'input'), fixed)
  const example = omit(operation.example.input as Json, fixed)
  const fields = Object.keys((input.properties as Json | undefined) ?? {})
  /** The names in the document, by the row's own. */
  const pathNames = new Map(
    parametersIn(path).map((name, index) => [name, parametersIn(template)[index] ?? name]),
  )
  const inPath = fields.filter((name) => pathNames.has(name))
  const inBody = takesBody(method) ? fields.filter((name) => !inPath.includes(name)) : []
  const parameters = [
    ...(parametersIn(path).includes('account') ? [{ $ref: '#/components/parameters/Account' }] : []),
    ...fields
      .filter((name) => !inBody.includes(name))
      .map((name) => describeParameter(name, input, pathNames.get(name), example)),
    ...(operation.gives === 'events' ? [LAST_EVENT_ID] : []),
    ...(takesIdempotencyKey(operation) ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
  ]
  return {
    operationId: index === 0 ? operation.name : `${operation.name}_${wordOf(operation, method, path)}`,
    summary: index === 0 ? operation.title : `${operation.title} (${otherWay(operation, method, path)})`,
    description: withNames(operation.description, (name) => name),
    tags: [operation.tag],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(operation.takes === 'bytes' ? { requestBody: BYTES } : {}),
    ...(inBody.length > 0
      ? {
          requestBody: {
            required: true,
            content: {
              'application/json': { schema: without(input, inPath), example: omit(example, inPath) },
              ...('form' in operation && operation.form !== undefined
                ? { 'multipart/form-data': { schema: formSchema(without(input, inPath), operation.form) } }
                : {}),
              ...('takesPicture' in operation && operation.takesPicture ? { 'image/*': FILE_BYTES } : {}),
            },
          },
        }
      : {}),
    responses: {
      [('status' in operation && operation.status) || 200]: answer,
      ...problems(possibleErrors(operation, method).filter((code) => ERRORS[code].status >= 400)),
      ...(operation.errors.includes('held_for_approval') ? { 202: WAITS } : {}),
      ...(operation.gives === 'file' && operation.ranges ? RANGES : {}),
    },
  }
}

/** Returns the same fields as a form: a file in place of this field. */
function formSchema(body: Json, files: string): Json {
  const fields = without(body, [files])
  const file = { type: 'string', format: 'binary', description: 'The file, with its name and type.' }
  return {
    ...fields,
    properties: { file, ...(fields.properties as Json) },
    required: ['file', ...(fields.required as string[])],
  }
}

/** Returns the word for the id of another route of an operation: its method, or the end of its path. */
function wordOf(operation: Row, method: string, path: string): string {
  const isSamePath = otherWay(operation, method, path) === method
  return isSamePath ? method.toLowerCase() : (path.split('/').at(-1) ?? '')
}

/** Returns how another route of an operation differs from the first. */
function otherWay({ routes }: Row, method: string, path: string): string {
  return routes[0]?.endsWith(` ${path}`) ? method : path
}

/** Describes the success response of a row. Adds its schema to `outputs`, under the name of the operation. */
function describeAnswer(row: Row, outputs: Json, refer: Components['refer']): Json {
  switch (row.gives) {
    case 'json': {
      const schema = refer(schemaOf(row.output, 'output')) as Json
      const name = `${pascal(row.name)}Response`
      // A row without a route is a tool alone.
      if (schema.$ref === undefined && row.routes.length > 0) outputs[name] = schema
      return {
        description: 'Success.',
        content: { 'application/json': { schema: { $ref: schema.$ref ?? `#/components/schemas/${name}` } } },
      }
    }
    case 'events':
      return {
        description: 'The stream of events. The schema describes each `data`.',
        content: { 'text/event-stream': { schema: refer(schemaOf(row.output, 'output')) } },
      }
    case 'file': {
      const schema = { type: 'string', ...(row.ranges ? { format: 'binary' } : {}) }
      const content = row.types.map((type) => [type, { schema }])
      return { description: 'The file.', headers: row.headers, content: Object.fromEntries(content) }
    }
  }
}

/** Describes what is sent to webhooks: one request for each kind of event. */
function describeWebhooks(): Json {
  const header = (name: string, description: string) => ({
    name,
    in: 'header',
    required: true,
    description,
    schema: { type: 'string' },
  })
  const parameters = [
    header('webhook-id', 'Cursor of the event: the same in every attempt.'),
    header('webhook-timestamp', 'Time of this attempt, Unix seconds.'),
    header('webhook-signature', 'Signatures of Standard Webhooks, separated by spaces.'),
  ]
  const entries = Event.options.map((row) => {
    const kind = row.shape.kind.value
    const described = {
      post: {
        operationId: `on_${kind.replace('.', '_')}`,
        summary: row.description,
        description: row.next,
        tags: ['webhooks'],
        parameters,
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: `#/components/schemas/${eventName(kind)}` } } },
        },
        responses: {
          '2XX': { description: 'The receiver has the event. After any other answer it is sent again.' },
        },
      },
    }
    return [kind, described] as const
  })
  return Object.fromEntries(entries)
}

/** Returns the name of the schema of an event, such as `MessageReceivedEvent`. */
function eventName(kind: string): string {
  return `${pascal(kind)}Event`
}

function pascal(name: string): string {
  return name.replace(/(?:^|[._])(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/** Returns one response for each status, with its error codes. */
function problems(codes: ErrorCode[]): Json {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of codes) {
    const { status } = ERRORS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  const sorted = [...byStatus].sort(([a], [b]) => a - b)
  return Object.fromEntries(
    sorted.map(([status, those]) => [
      status,
      {
        description: those.map((code) => `\`${code}\`: ${ERRORS[code].title}.`).join(' '),
        content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  )
}

/** Returns the names of a path's parameters. */
function parametersIn(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
}

/** Describes one parameter. @param pathName its name in the path; undefined: it is in the query */
function describeParameter(name: string, input: Json, pathName: string | undefined, example: Json): Json {
  const required = (input.required as string[] | undefined) ?? []
  const { description, ...schema } = (input.properties as Record<string, Json>)[name] ?? {}
  return {
    name: pathName ?? name,
    in: pathName === undefined ? 'query' : 'path',
    required: pathName !== undefined || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema,
    // Several values are separated by commas.
    ...(schema.type === 'array' ? { style: 'form', explode: false } : {}),
    ...(name in example ? { example: example[name] } : {}),
  }
}

/** Returns the schema of an object without these properties. */
function without(schema: Json, names: string[]): Json {
  if (names.length === 0) return schema
  return {
    ...schema,
    properties: omit(schema.properties as Json, names),
    required: ((schema.required as string[] | undefined) ?? []).filter((name) => !names.includes(name)),
  }
}

function omit(fields: Json, names: string[]): Json {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))
}

/** The schemas of the components, and a function that replaces them with references. */
type Components = { schemas: Json; refer: (schema: unknown) => unknown }

/** Created once, because this takes longer than the rest. */
let described: Components | null = null

/** Describes the components, one in each step. */
function* describeComponents(): Generator<void, Components> {
  const schemas: Json = {}
  const inline: [text: string, reference: string][] = []
  const refer = (schema: unknown): unknown =>
    JSON.parse(
      inline.reduce((text, [found, reference]) => text.replaceAll(found, reference), JSON.stringify(schema)),
    )
  for (const [name, schema] of Object.entries(COMPONENTS)) {
    // Each kind of event is a component: converting them all again would take as long as everything else.
    schemas[name] = schema === Event ? ANY_EVENT : refer(schemaOf(schema, 'output'))
    inline.push([JSON.stringify(schemas[name]), `{"$ref":"#/components/schemas/${name}"}`])
    yield
  }
  return { schemas, refer }
}

/** Converts a schema. Requests are closed, as in the server. Responses are open, so that new fields break no client. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
    override({ jsonSchema }) {
      if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
    },
  })
  return json
}

function problemSchema(): Json {
  return {
    type: 'object',
    description: 'RFC 9457 problem details with additional fields.',
    required: ['type', 'title', 'status', 'detail', 'code', 'hint', 'retry', 'request_id'],
    properties: {
      type: { type: 'string', format: 'uri' },
      title: { type: 'string' },
      status: { type: 'integer', minimum: 400, maximum: 599 },
      detail: { type: 'string', description: 'What is wrong, as a sentence.' },
      code: { type: 'string', enum: ERROR_CODES },
      hint: { type: 'string', description: 'The next step.' },
      retry: { type: 'string', enum: ['safe', 'later', 'check_first', 'after_action', 'never'] },
      request_id: { type: 'string', format: 'uuid' },
    },
  }
}
