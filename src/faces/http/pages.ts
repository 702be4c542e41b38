/** The hand-written routes: pages for people, and the description of all the others. */
import type { FastifyInstance } from 'fastify'
import type { Door } from '../../operations/door.ts'
import { OPERATIONS } from '../../operations/index.ts'
import { prefersText } from './accept.ts'
import { callOf } from './calls.ts'
import { addDocs } from './docs-page.ts'
import { createOpenApi } from './openapi.ts'
import { QR_PAGE_HEADERS, renderQrPage } from './qr-page.ts'
import { renderQrText } from './qr-text.ts'

/** Relative to the description's own address: right on any port, by any name and through a tunnel. */
const SAME_SERVER = { url: '/', description: 'The server that this comes from.' }

/** Whoever sees the code can link the account. */
const QR_PAGE = { name: 'qr_page', scope: 'admin', needs: 'nothing' } as const

/** `GET /qr`, always 200 whatever the state: a page, or text for whoever prefers that; `GET /openapi.json`. */
export function addPages(server: FastifyInstance, door: Door, version: string): void {
  server.get('/qr', async (request, reply) => {
    const { session, status } = door.admit(QR_PAGE, callOf(request, reply, 'page'))
    session.touch()
    const asText = prefersText(request.headers.accept)
    const render = asText ? renderQrText : renderQrPage
    return reply
      .headers(QR_PAGE_HEADERS)
      .header('vary', 'accept')
      .type(`text/${asText ? 'plain' : 'html'}; charset=utf-8`)
      .send(await render(status(), session.qr()))
  })
  server.get('/openapi.json', async (_, reply) =>
    reply.type('application/json; charset=utf-8').send(createOpenApi(OPERATIONS, version, SAME_SERVER)),
  )
  addDocs(server)
}
