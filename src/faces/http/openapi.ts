/** The operations table as an OpenAPI 3.1 document: nothing in it is written twice. */
import { z } from 'zod'
import { ERRORS, type ErrorCode } from '../../errors.ts'
import { Chat, Gap } from '../../model/chat.ts'
import { Contact } from '../../model/contact.ts'
import { Event } from '../../model/events.ts'
import { Media, Message, Reaction, Revision } from '../../model/message.ts'
import { Status } from '../../model/status.ts'
import { type Row, TAGS } from '../../operations/operation.ts'
import { withNames } from '../../operations/references.ts'
import { PROBLEM_TYPE } from './problem.ts'

/** What any call can answer with, whatever the operation (see server.ts and door.ts). */
const COMMON_ERRORS: ErrorCode[] = [
  'malformed_request',
  'forbidden_host',
  'forbidden_origin',
  'other_user',
  'request_timeout',
  'expectation_failed',
  'headers_too_large',
  'internal_error',
  'whatsapp_timeout',
]
const BODY_ERRORS: ErrorCode[] = ['malformed_json', 'body_too_large', 'unsupported_media_type']

/** Every code that a call of this operation can be answered with: its own, and those that any call can have. */
export function possibleErrors(operation: Pick<Row, 'errors' | 'routes'>, method: string): ErrorCode[] {
  const takesBody = method !== 'GET' && method !== 'DELETE'
  const own = [...COMMON_ERRORS, ...operation.errors, 'invalid_input' as const]
  // Ids in paths are bounded (server.ts).
  if (operation.routes.some((route) => route.includes('{'))) own.push('uri_too_long')
  return [...new Set(takesBody ? [...own, ...BODY_ERRORS] : own)]
}

type Json = Record<string, unknown>

/** Our words, described once and referred to wherever they stand in an answer. Parts come before what holds them. */
const COMPONENTS: Record<string, z.ZodType> = {
  Media,
  Reaction,
  Message,
  Revision,
  Gap,
  Chat,
  Contact,
  Event,
  Status,
}

/** Where the server listens unless it is told otherwise. */
const DEFAULT_SERVER = { url: 'http://127.0.0.1:8790', description: 'This computer only.' }

/** The document for these operations; `version` is the product's. */
export function createOpenApi(...args: Parameters<typeof openApiSteps>): Json {
  const steps = openApiSteps(...args)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** The same in steps of a few milliseconds each, since a server has something else to do between them. */
export function* openApiSteps(
  rows: readonly Row[],
  version: string,
  server = DEFAULT_SERVER,
): Generator<void, Json> {
  const paths: Record<string, Json> = {}
  const templates = templatesOf(rows)
  for (const operation of rows) {
    operation.routes.forEach((route, index) => {
      const [method = '', path = ''] = route.split(' ')
      const template = templates(path)
      paths[template] = {
        ...paths[template],
        [method.toLowerCase()]: describeRoute(operation, method, path, index, template),
      }
    })
    yield
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'whatsapp-mcp-api',
      version,
      summary: 'Your own WhatsApp account for your agents and scripts.',
      description:
        'A self-hosted linked device. Every failure is problem JSON with a code of the published list, a hint and a request id.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      contact: { name: 'whatsapp-mcp-api' },
    },
    servers: [server],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    // The loopback, the operating system's user and the request's origin stand in for a key.
    security: [{}],
    paths,
    components: { schemas: { ...components().schemas, Problem: problemSchema() } },
  }
}

/** One template for each path, as OpenAPI demands, also where rows call its parameters by different names: the last one's. */
function templatesOf(rows: readonly Row[]): (path: string) => string {
  const shapeOf = (path: string) => path.replace(/\{\w+\}/g, '{}')
  const paths = rows.flatMap(({ routes }) => routes.map((route) => route.split(' ')[1] ?? ''))
  const templates = new Map(paths.map((path) => [shapeOf(path), path]))
  return (path) => templates.get(shapeOf(path)) ?? path
}

/** How a client of a stream says how far it got (the EventSource of browsers sends it by itself). */
const LAST_EVENT_ID = {
  name: 'Last-Event-ID',
  in: 'header',
  required: false,
  description: 'The last id that was received: the stream goes on behind it, whatever `after` says.',
  schema: { type: 'string' },
}

/** @param template the path as the document has it: its parameters stand in the places of the row's own */
function describeRoute(operation: Row, method: string, path: string, index: number, template = path): Json {
  const takesBody = method !== 'GET' && method !== 'DELETE'
  const input = schemaOf(operation.input, 'input')
  const example = operation.example.input as Json
  const fields = Object.keys((input.properties as Json | undefined) ?? {})
  const placed = new Map(placesIn(path).map((name, place) => [name, placesIn(template)[place] ?? name]))
  const inPath = fields.filter((name) => placed.has(name))
  const inBody = takesBody ? fields.filter((name) => !inPath.includes(name)) : []
  const parameters = fields.filter((name) => !inBody.includes(name))
  return {
    operationId: index === 0 ? operation.name : `${operation.name}_${index + 1}`,
    summary: index === 0 ? operation.title : `${operation.title} (${otherWay(operation, method, path)})`,
    description: withNames(operation.description, (name) => name),
    tags: [operation.tag],
    ...(parameters.length > 0
      ? {
          parameters: [
            ...parameters.map((name) => describeParameter(name, input, placed.get(name), example)),
            ...(operation.gives === 'events' ? [LAST_EVENT_ID] : []),
          ],
        }
      : {}),
    ...(inBody.length > 0
      ? {
          requestBody: {
            required: true,
            content: {
              'application/json': { schema: without(input, inPath), example: omit(example, inPath) },
            },
          },
        }
      : {}),
    responses: {
      200: describeAnswer(operation),
      ...problems(possibleErrors(operation, method)),
    },
  }
}

/** How a further route of an operation differs from its first. */
function otherWay({ routes }: Row, method: string, path: string): string {
  return routes[0]?.endsWith(` ${path}`) ? method : path
}

/** The response of a row that succeeds, by what it gives. */
function describeAnswer(row: Row): Json {
  switch (row.gives) {
    case 'json':
      return { description: 'Done.', content: { 'application/json': { schema: responseSchema(row.output) } } }
    case 'events':
      return {
        description: 'The stream. The schema is that of each `data`.',
        content: { 'text/event-stream': { schema: responseSchema(row.output) } },
      }
    case 'file': {
      const content = row.types.map((type) => [type, { schema: { type: 'string' } }])
      return { description: 'The file.', headers: row.headers, content: Object.fromEntries(content) }
    }
  }
}

/** One response a status, naming the codes that it can carry. */
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

/** The names of a path's parameters. */
function placesIn(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
}

/** @param placed its name in the path; undefined: it stands in the query */
function describeParameter(name: string, input: Json, placed: string | undefined, example: Json): Json {
  const required = (input.required as string[] | undefined) ?? []
  const { description, ...schema } = (input.properties as Record<string, Json>)[name] ?? {}
  return {
    name: placed ?? name,
    in: placed === undefined ? 'query' : 'path',
    required: placed !== undefined || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema,
    // Several values are separated by commas.
    ...(schema.type === 'array' ? { style: 'form', explode: false } : {}),
    ...(name in example ? { example: example[name] } : {}),
  }
}

/** The schema of an object, without these properties. */
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

function responseSchema(output: z.ZodType): unknown {
  return components().refer(schemaOf(output, 'output'))
}

let described: ReturnType<typeof describeComponents> | null = null

/** Row once: it takes longer than all the rest. */
function components() {
  described ??= describeComponents()
  return described
}

/** The schemas of the components, and a function that puts references in their places. */
function describeComponents(): { schemas: Json; refer: (schema: unknown) => unknown } {
  const schemas: Json = {}
  const inline: [text: string, reference: string][] = []
  const refer = (schema: unknown): unknown =>
    JSON.parse(
      inline.reduce((text, [found, reference]) => text.replaceAll(found, reference), JSON.stringify(schema)),
    )
  for (const [name, schema] of Object.entries(COMPONENTS)) {
    schemas[name] = refer(schemaOf(schema, 'output'))
    inline.push([JSON.stringify(schemas[name]), `{"$ref":"#/components/schemas/${name}"}`])
  }
  return { schemas, refer }
}

/** Requests are closed, as the server is. Responses are open: a field that is new must break no client. */
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
    description: 'RFC 9457 problem details with our members.',
    required: ['type', 'title', 'status', 'detail', 'code', 'hint', 'retry', 'request_id'],
    properties: {
      type: { type: 'string', format: 'uri' },
      title: { type: 'string' },
      status: { type: 'integer', minimum: 400, maximum: 599 },
      detail: { type: 'string', description: 'A sentence for people.' },
      code: { type: 'string', enum: Object.keys(ERRORS) },
      hint: { type: 'string', description: 'The next step.' },
      retry: { type: 'string', enum: ['safe', 'later', 'check_first', 'after_action', 'never'] },
      request_id: { type: 'string', format: 'uuid' },
    },
  }
}
