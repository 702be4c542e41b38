/** Who sends a request, found out once, and the calls that are made of it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Call, type Caller, DEFAULT_ACCOUNT, type Face, OWNER } from '../../operations/call.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sends this request. */
    caller: Caller
  }
}

/** As much of what a client calls itself as the log has. */
const MAX_CLIENT = 100

/** Gives each request its caller. Until keys exist that is the owner: nobody else has come past the checks before. */
export function identifyCallers(server: FastifyInstance): void {
  server.decorateRequest('caller')
  server.addHook('onRequest', async (request) => {
    request.caller = OWNER
  })
}

/** The call that this request makes of the default account. Its signal is aborted when the client disconnects. */
export function callOf(request: FastifyRequest, reply: FastifyReply, face: Face): Call {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  return {
    caller: request.caller,
    face,
    client: request.headers['user-agent']?.slice(0, MAX_CLIENT) ?? null,
    account: DEFAULT_ACCOUNT,
    requestId: request.id,
    canAsk: false,
    signal: gone.signal,
  }
}
