/** The hand-written routes: pages for people, and the description of all the others. */
import type { FastifyInstance } from 'fastify'
import type { Door } from '../../operations/door.ts'
import { OPERATIONS } from '../../operations/index.ts'
import { addDocs } from './docs-page.ts'
import { createOpenApi } from './openapi.ts'
import { addQr } from './qr-routes.ts'

/** Relative to the description's own address: right on any port, by any name and through a tunnel. */
const SAME_SERVER = { url: '/', description: 'The server that this comes from.' }

/** The pages at `/qr` and `/docs`, and `GET /openapi.json`. */
export function addPages(server: FastifyInstance, door: Door, version: string): void {
  addQr(server, door)
  server.get('/openapi.json', async (_, reply) =>
    reply.type('application/json; charset=utf-8').send(createOpenApi(OPERATIONS, version, SAME_SERVER)),
  )
  addDocs(server)
}
