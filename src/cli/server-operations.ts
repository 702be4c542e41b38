/** The operations of the running server, read from its OpenAPI document: a request is made from fields that are given as text. */
import { DEFAULT_ACCOUNT } from '../model/ids.ts'
import type { Api, ApiRequest } from './client.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { UPLOAD_MS } from './file-body.ts'
import { nearest } from './nearest.ts'

/** The longest operation, which forgets a large chat, and the longest wait for events respond within a minute. */
const LIMIT_MS = 70_000

type Schema = { type?: string | string[]; anyOf?: Schema[] }
type Field = { place: 'path' | 'query' | 'body'; schema: Schema }
type Parameter = { name?: string; in?: string; schema?: Schema; $ref?: string }
type Content = Record<string, { schema?: Schema & { properties?: Record<string, Schema> } }>
type Described = {
  operationId: string
  parameters?: Parameter[]
  requestBody?: { content: Content }
  responses: Record<string, { content?: Content }>
}
type Document = {
  paths: Record<string, Record<string, Described>>
  components: { parameters: Record<string, Parameter> }
}

/** An operation of the server. */
export type ServerOperation = {
  id: string
  method: string
  /** Its path, with `{name}` for each parameter. */
  path: string
  /** Where each field is sent, and its schema. */
  fields: ReadonlyMap<string, Field>
  /** Media type of its success response; empty if that has no body. */
  gives: string
  /** True if its body is the bytes of a file. */
  takesBytes: boolean
}

/** A request to an operation. */
export type OperationRequest = { method: string; path: string; body: Record<string, unknown> | null }

/** Returns every operation of the server by its id. */
export async function readOperations(api: Pick<Api, 'get'>): Promise<Map<string, ServerOperation>> {
  const { paths, components } = await api.get<Document>('/openapi.json')
  const shared = new Map(
    Object.entries(components.parameters).map(([name, one]) => [`#/components/parameters/${name}`, one]),
  )
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], ...described }]) => {
      const found = parameters.map((one) => shared.get(one.$ref ?? '') ?? one)
      return toOperation(path, method.toUpperCase(), { ...described, parameters: found })
    }),
  )
  return new Map(operations.map((one) => [one.id, one]))
}

/** Returns this operation. @throws CommandError if there is none */
export function findOperation(all: ReadonlyMap<string, ServerOperation>, id: string): ServerOperation {
  const found = all.get(id)
  if (found !== undefined) return found
  const meant = nearest(id, [...all.keys()])
  throw new CommandError(
    `The server has no operation ${JSON.stringify(id)}.`,
    meant === undefined ? 'docs/rest.md lists the operations.' : `Did you mean ${meant}?`,
    EXIT.wrongSetting,
  )
}

/**
 * Sends a request with these fields to the operation. If it has a field for the account, that is the account of the API unless a field
 * names another. A file takes the time that it needs, in both directions.
 * @param bytes the body of an operation that takes a file
 * @throws CommandError like {@link requestOf}, and like every call of {@link Api}
 */
export function askOperation(
  api: Pick<Api, 'account' | 'request'>,
  operation: ServerOperation,
  fields: Readonly<Record<string, string | null>>,
  bytes: ApiRequest = {},
): Promise<Response> {
  const place = operation.fields.get('account')?.place
  // Without a named account, a filter is left out: it would hide the other accounts.
  const sendsAccount = place === 'path' || (place !== undefined && api.account !== DEFAULT_ACCOUNT)
  const { method, path, body } = requestOf(
    operation,
    sendsAccount ? { account: api.account, ...fields } : fields,
  )
  return api.request(path, operation.takesBytes ? UPLOAD_MS : LIMIT_MS, {
    method,
    ...(operation.gives === 'application/json' ? {} : { isOpen: true }),
    ...(body === null ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    ...bytes,
  })
}

/** Returns the request with these fields. @throws CommandError if a field does not exist, or one of the path is missing */
export function requestOf(
  { id, method, path, fields }: ServerOperation,
  given: Readonly<Record<string, string | null>>,
): OperationRequest {
  const query = new URLSearchParams()
  const body: Record<string, unknown> = {}
  let filled = path
  for (const [name, value] of Object.entries(given)) {
    const field = fields.get(name)
    if (field === undefined) throw noField(id, name, [...fields.keys()])
    // Only a switch needs no value: another field must never be sent with an invented one.
    if (value === null && !typesOf(field.schema).has('boolean'))
      throw new CommandError(
        `--${name} requires a value.`,
        `Write --${name} VALUE, or ${name}=VALUE.`,
        EXIT.wrongSetting,
      )
    const text = value ?? 'true'
    if (field.place === 'path') filled = filled.replace(`{${name}}`, encodeURIComponent(text))
    else if (field.place === 'query') query.set(name, text)
    else body[name] = toValue(text, field.schema)
  }
  const [, missing] = /\{(\w+)\}/.exec(filled) ?? []
  if (missing !== undefined)
    throw new CommandError(`${id} requires --${missing}.`, `Add --${missing} VALUE.`, EXIT.wrongSetting)
  const hasBody = [...fields.values()].some(({ place }) => place === 'body')
  return { method, path: query.size === 0 ? filled : `${filled}?${query}`, body: hasBody ? body : null }
}

function noField(id: string, name: string, names: readonly string[]): CommandError {
  const meant = nearest(name, names)
  const next = meant === undefined ? `Its fields: ${names.join(', ') || 'none'}.` : `Did you mean --${meant}?`
  return new CommandError(`${id} has no field --${name}.`, next, EXIT.wrongSetting)
}

function toOperation(path: string, method: string, described: Described): ServerOperation {
  const fields = new Map<string, Field>()
  for (const { name, in: place, schema = {} } of described.parameters ?? [])
    if (name !== undefined && (place === 'path' || place === 'query')) fields.set(name, { place, schema })
  const content = described.requestBody?.content ?? {}
  for (const [name, schema] of Object.entries(content['application/json']?.schema?.properties ?? {}))
    fields.set(name, { place: 'body', schema })
  const success = Object.entries(described.responses).find(([status]) => status.startsWith('2'))?.[1]
  const [gives = ''] = Object.keys(success?.content ?? {})
  return { id: described.operationId, method, path, fields, gives, takesBytes: '*/*' in content }
}

/** A text stays one where the field takes texts. Lists and objects are JSON; a list of words can also be separated by commas. */
function toValue(text: string, schema: Schema): unknown {
  const types = typesOf(schema)
  if (text === 'null' && types.has('null')) return null
  const isJson = /^\s*[[{]/.test(text) && (types.has('array') || types.has('object'))
  if (types.has('string') && !isJson) return text
  if (types.has('array') && !types.has('object') && !isJson) return text.split(',').map((one) => one.trim())
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function typesOf({ type = [], anyOf = [] }: Schema): Set<string> {
  return new Set([...[type].flat(), ...anyOf.flatMap((one) => [...typesOf(one)])])
}
