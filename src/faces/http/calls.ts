/** The caller of a request, and the calls that are created from it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { fail } from '../../errors.ts'
import { idempotencyKey } from '../../model/idempotency-key.ts'
import { accountIn, type Call, type Caller, type Face, toClientName } from '../../operations/call.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller of this request. */
    caller: Caller
  }
  interface FastifyContextConfig {
    /** True for a route that says nothing of an account. It needs no key. */
    isPublic?: boolean
    /** True for a page that accepts the cookie of a browser that logged in. Without it, the browser is sent to the form. */
    takesSession?: boolean
    /** True for the route of a file that a signed link opens without a key. */
    takesLink?: boolean
    /** True for a probe of the process. Every client may send it, without a key and with any Host header. */
    isProbe?: boolean
  }
}

/** Sets the caller of each request, before everything that is added later. */
export function identifyCallers(
  server: FastifyInstance,
  identify: (request: FastifyRequest, reply: FastifyReply) => Caller | Promise<Caller>,
): void {
  server.decorateRequest('caller')
  server.addHook('onRequest', async (request, reply) => {
    request.caller = await identify(request, reply)
  })
}

/** Reads the header `Idempotency-Key`. @throws AppError `invalid_input` */
function readIdempotencyKey(header: string | string[] | undefined): Pick<Call, 'idempotencyKey'> {
  if (header === undefined) return {}
  const key = idempotencyKey.safeParse(header)
  if (!key.success)
    fail('invalid_input', {
      detail: `The header Idempotency-Key ${key.error.issues[0]?.message ?? 'is invalid'}.`,
    })
  return { idempotencyKey: key.data }
}

/**
 * Returns the call of this request on the account that its path names. Its signal is aborted when the client disconnects.
 * @throws AppError `invalid_input` if the header `Idempotency-Key` is invalid
 */
export function callOf(request: FastifyRequest, reply: FastifyReply, face: Face): Call {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort()
  })
  return {
    caller: request.caller,
    face,
    client: toClientName(request.headers['user-agent']),
    account: accountIn(request.params),
    requestId: request.id,
    canAsk: false,
    signal: gone.signal,
    ...readIdempotencyKey(request.headers['idempotency-key']),
  }
}
