/** The routes for the operator of the server: probes of the process, and its metrics. */
import type { FastifyInstance } from 'fastify'
import { hasAccount } from '../../operations/call.ts'
import type { Door } from '../../operations/door.ts'
import { callOf } from './calls.ts'
import { takeNoFields } from './input.ts'

export type OperatingOptions = {
  door: Pick<Door, 'admit'>
  /** Why the control database cannot be opened; null while it is open. */
  accounts: { problem(): { code: string } | null }
  metrics: {
    text(isSeen: (account: string) => boolean, seesAll: boolean): Promise<{ type: string; text: string }>
  }
}

/** Probes say nothing of an account. */
const probe = { config: { isProbe: true }, preHandler: takeNoFields }

/**
 * Adds `GET /health/live` (the process answers), `GET /health/ready` (the control database is open too; else 503 with the code) and
 * `GET /metrics`. The link to WhatsApp is not part of readiness: a restart of the server would not mend it.
 */
export function addOperating(server: FastifyInstance, { door, accounts, metrics }: OperatingOptions): void {
  const noStore = { 'cache-control': 'no-store' }
  server.get('/health/live', probe, (_, reply) => reply.headers(noStore).send({ ok: true }))
  server.get('/health/ready', probe, (_, reply) => {
    const problem = accounts.problem()
    return reply
      .status(problem === null ? 200 : 503)
      .headers(noStore)
      .send(problem === null ? { ok: true } : { ok: false, code: problem.code })
  })
  server.get('/metrics', { exposeHeadRoute: false, preHandler: takeNoFields }, async (request, reply) => {
    const { seesAll } = door.admit(
      { name: 'metrics', scope: 'read', needs: 'nothing', isGlobal: true },
      callOf(request, reply, 'rest'),
    )
    const { type, text } = await metrics.text((account) => hasAccount(request.caller, account), seesAll)
    return reply.headers(noStore).type(type).serializer(String).send(text)
  })
}
