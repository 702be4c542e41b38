/** The input of a request: path, query and body as one object. Each field must be given once. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { fail } from '../../errors.ts'
import { isRecord, parseJson } from '../../json.ts'
import { parseInput } from '../../operations/parse-input.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for the route of a page's form: it accepts {@link FORM_TYPE} instead of JSON. */
    takesForm?: boolean
    /** True for a route that takes a form with files beside JSON. */
    takesFiles?: boolean
    /** True for a route that takes the bytes of a picture beside JSON. */
    takesPicture?: boolean
    /** True for a route whose body is the bytes of a file, of any content type. */
    takesBytes?: boolean
  }
}

/** The content type of forms without files. */
const FORM_TYPE = 'application/x-www-form-urlencoded'
/** A form of a page has one field. */
const MAX_FORM_BYTES = 1_024
/** The content type of forms with files. */
export const FILES_TYPE = 'multipart/form-data'

/** The content type of pictures. */
export const PICTURE_TYPE = /^image\//
export const isPicture = (essence: string | undefined): boolean => PICTURE_TYPE.test(essence ?? '')

/** Returns the media type of a Content-Type header, without its parameters. */
export function mediaTypeOf(type: string | undefined): string | undefined {
  return type?.split(';')[0]?.trim().toLowerCase()
}

/**
 * Returns the fields of path (without its account), query and body together, for every method, and those that the route sets
 * itself. Returns a body that is not an object unchanged: the schema rejects it.
 * @throws AppError `invalid_input` if a field is given in two places, or if the route sets it
 */
export function inputOf(
  { params, query, body }: FastifyRequest,
  fixed: Record<string, unknown> = {},
): unknown {
  const given = body === undefined ? {} : body
  if (!isRecord(given)) return given
  // The account belongs to the call.
  const { account: _, ...path } = Object(params)
  const places = Object.entries({ path, query, body: given })
  const owners = new Map<string, string>()
  for (const [place, fields] of places) {
    for (const name of Object.keys(Object(fields))) {
      if (name in fixed) fail('invalid_input', { detail: `unknown field ${JSON.stringify(name)}.` })
      const other = owners.get(name)
      if (other !== undefined)
        fail('invalid_input', {
          detail: `${JSON.stringify(name)} is given in the ${other} and in the ${place}.`,
        })
      owners.set(name, place)
    }
  }
  return { ...path, ...Object(query), ...given, ...fixed }
}

/**
 * Handler for routes without fields, such as pages. Rejects any field, as every route does with unknown fields.
 * @throws AppError `invalid_input`
 */
export async function takeNoFields(request: FastifyRequest): Promise<void> {
  parseInput(z.strictObject({}), inputOf(request))
}

/**
 * Returns the fields of a query as text, or as a list if a field is given several times.
 * @throws AppError `malformed_request` if it is not percent-encoded UTF-8
 */
export function readQuery(url: string): Record<string, string | string[]> {
  // The router also accepts "#" as the start of a query.
  const start = url.search(/[?#]/)
  if (start === -1) return {}
  const query = url.slice(start + 1)
  const fields = new Map<string, string | string[]>()
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

/** Makes the routes of this scope take the forms of this server's pages instead of other bodies. */
export function acceptForms(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  const limits = { parseAs: 'string', bodyLimit: MAX_FORM_BYTES } as const
  scope.addContentTypeParser(FORM_TYPE, limits, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  )
}

/**
 * Parses the body as JSON. An empty body is `{}`.
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

/** Rejects bodies that are not JSON before they are read: a form of any web page can send other types. */
export function requireJson({ headers, method, routeOptions }: FastifyRequest): void {
  if (
    routeOptions.config.takesBytes === true ||
    method === 'GET' ||
    method === 'HEAD' ||
    headers['content-length'] === '0'
  )
    return
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  const type = headers['content-type']
  // The length of a chunked body is not known yet. Without a type, the parser accepts it only if it is empty.
  if (!hasBody || (type === undefined && headers['transfer-encoding'] !== undefined)) return
  const essence = mediaTypeOf(type)
  if (essence === FORM_TYPE && routeOptions.config.takesForm === true) return
  if (essence === FILES_TYPE && routeOptions.config.takesFiles === true) return
  if (isPicture(essence) && routeOptions.config.takesPicture === true) return
  if (essence !== 'application/json') {
    fail('unsupported_media_type', {
      detail: 'The body is sent without the header Content-Type: application/json.',
    })
  }
}
