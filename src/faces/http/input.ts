/** What a request holds: path, query and body as one input object, each field given once. */
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { fail } from '../../errors.ts'
import { parseJson } from '../../json.ts'
import { parseInput } from '../../operations/parse-input.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A route for the form of a page: takes {@link FORM_TYPE} in place of JSON. */
    takesForm?: boolean
  }
}

/** What a form of a page sends. */
export const FORM_TYPE = 'application/x-www-form-urlencoded'

type Fields = Record<string, unknown>

/**
 * The fields of a path, query and body together, whatever the method. A body that is no object is returned as it is: its
 * schema refuses it.
 * @throws AppError `invalid_input` where a field is given in two places
 */
export function inputOf({ params, query, body }: FastifyRequest): unknown {
  const given = body === undefined ? {} : body
  if (!isFields(given)) return given
  const places = Object.entries({ path: params, query, body: given })
  const owners = new Map<string, string>()
  for (const [place, fields] of places) {
    for (const name of Object.keys(Object(fields))) {
      const other = owners.get(name)
      if (other !== undefined)
        fail('invalid_input', {
          detail: `${JSON.stringify(name)} is given in the ${other} and in the ${place}.`,
        })
      owners.set(name, place)
    }
  }
  return { ...Object(params), ...Object(query), ...given }
}

/**
 * A handler for routes without an operation that take no fields at all, such as pages: a field that would be ignored is
 * refused, as everywhere.
 * @throws AppError `invalid_input`
 */
export async function takeNoFields(request: FastifyRequest): Promise<void> {
  parseInput(z.strictObject({}), inputOf(request))
}

/**
 * The fields of an address's query, as text; a list where one is given several times.
 * @throws AppError `malformed_request` where it is not percent-encoded UTF-8
 */
export function readQuery(url: string): Record<string, string | string[]> {
  const fields = new Map<string, string | string[]>()
  // The router takes a "#" for the start of a query too.
  const [, query = ''] = /[?#](.*)$/s.exec(url) ?? []
  for (const part of query.split('&')) {
    if (part === '') continue
    const [, name = '', text = ''] = /^([^=]*)=?(.*)$/s.exec(part)?.map(decode) ?? []
    const before = fields.get(name)
    fields.set(name, before === undefined ? text : [before, text].flat())
  }
  return Object.fromEntries(fields)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return fail('malformed_request', {
      detail: 'The query is not percent-encoded UTF-8.',
      hint: 'Percent-encode each value as UTF-8, for example %C3%BC for ü and %25 for a percent sign.',
    })
  }
}

/**
 * The body as JSON; an empty one is `{}`.
 * @throws AppError `malformed_json`
 */
export function parseBody(bytes: Buffer): unknown {
  if (bytes.toString('latin1').trim() === '') return {}
  try {
    return parseJson(bytes)
  } catch (error) {
    return fail('malformed_json', {
      detail: `The body ${error instanceof Error ? error.message : 'is not JSON.'}`,
    })
  }
}

/** Anything but JSON is refused before it is read: a form of any web page could send the other types. */
export function requireJson({ headers, method, routeOptions }: FastifyRequest): void {
  if (method === 'GET' || method === 'HEAD' || headers['content-length'] === '0') return
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  const type = headers['content-type']
  if (!hasBody || (type === undefined && headers['transfer-encoding'] !== undefined)) return
  const essence = type?.split(';')[0]?.trim().toLowerCase()
  if (essence === FORM_TYPE && routeOptions.config.takesForm === true) return
  if (essence !== 'application/json') {
    fail('unsupported_media_type', {
      detail: 'A body must carry the header Content-Type: application/json.',
    })
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
