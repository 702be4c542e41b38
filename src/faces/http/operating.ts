/** The routes for whoever runs the server: probes of the process, and its metrics. */
import type { FastifyInstance } from 'fastify'
import { hasAccount } from '../../operations/call.ts'
import type { Door } from '../../operations/door.ts'
import { callOf } from './calls.ts'
import { takeNoFields } from './input.ts'

export type OperatingOptions = {
  door: Pick<Door, 'admit'>
  /** Fails as long as the control database cannot be opened. */
  accounts: { list(): unknown }
  metrics: { text(isSeen: (account: string) => boolean): Promise<{ type: string; text: string }> }
}

/** They say nothing of an account. */
const probe = { config: { isProbe: true }, preHandler: takeNoFields }

/**
 * Adds `GET /health/live` (the process answers), `GET /health/ready` (the control database is open too; else its error, 503) and
 * `GET /metrics`. The link to WhatsApp is not part of readiness: a restart of the server would not mend it.
 */
export function addOperating(server: FastifyInstance, { door, accounts, metrics }: OperatingOptions): void {
  const noStore = { 'cache-control': 'no-store' }
  server.get('/health/live', probe, (_, reply) => reply.headers(noStore).send({ ok: true }))
  server.get('/health/ready', probe, (_, reply) => {
    accounts.list()
    return reply.headers(noStore).send({ ok: true })
  })
  server.get('/metrics', { exposeHeadRoute: false, preHandler: takeNoFields }, async (request, reply) => {
    door.admit(
      { name: 'metrics', scope: 'read', needs: 'nothing', isGlobal: true },
      callOf(request, reply, 'rest'),
    )
    const { type, text } = await metrics.text((account) => hasAccount(request.caller, account))
    return reply.headers(noStore).type(type).serializer(String).send(text)
  })
}
