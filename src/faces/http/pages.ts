/** The hand-written routes: pages for people, and the description of all the others. */
import type { FastifyInstance } from 'fastify'
import { OPERATIONS } from '../../operations/index.ts'
import type { Session } from '../../session/session.ts'
import { createOpenApi } from './openapi.ts'
import { QR_PAGE_HEADERS, renderQrPage } from './qr-page.ts'

/** `GET /qr`, always a page and always 200, whatever the state; `GET /openapi.json`. */
export function addPages(server: FastifyInstance, session: Session, version: string): void {
  server.get('/qr', async (_, reply) => {
    session.touch()
    return reply
      .headers(QR_PAGE_HEADERS)
      .type('text/html; charset=utf-8')
      .send(await renderQrPage(session.status(), session.qr()))
  })
  server.get('/openapi.json', async (_, reply) =>
    reply.type('application/json; charset=utf-8').send(createOpenApi(OPERATIONS, version)),
  )
}
