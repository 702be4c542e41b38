/** The hand-written routes: pages for people. */
import type { FastifyInstance } from 'fastify'
import type { Session } from '../../session/session.ts'
import { QR_PAGE_HEADERS, renderQrPage } from './qr-page.ts'

/** `GET /qr`: always a page and always 200, whatever the state. */
export function addPages(server: FastifyInstance, session: Session): void {
  server.get('/qr', async (_, reply) => {
    session.touch()
    return reply
      .headers(QR_PAGE_HEADERS)
      .type('text/html; charset=utf-8')
      .send(await renderQrPage(session.status(), session.qr()))
  })
}
