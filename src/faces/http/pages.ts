/** The hand-written routes: pages for people, and the description of all the others. */
import type { FastifyInstance } from 'fastify'
import { toJson } from '../../json.ts'
import type { Door } from '../../operations/door.ts'
import { ROWS } from '../../operations/index.ts'
import { type Asset, sendAsset, toAsset } from './asset.ts'
import { addDocs } from './docs-page.ts'
import { takeNoFields } from './input.ts'
import { openApiSteps } from './openapi.ts'
import { turn } from './pace.ts'
import { addQr } from './qr-routes.ts'

/** Relative to the description's own address: right on any port, by any name and through a tunnel. */
const SAME_SERVER = { url: '/', description: 'The server that this comes from.' }

/** The pages at `/qr` and `/docs`, and `GET /openapi.json`, which is made once. */
export function addPages(server: FastifyInstance, door: Door, version: string): void {
  addQr(server, door)
  let description: Promise<Asset> | null = null
  server.get('/openapi.json', { preHandler: takeNoFields }, async (request, reply) => {
    description ??= inTurns(openApiSteps(ROWS, version, SAME_SERVER)).then((document) =>
      toAsset(Buffer.from(toJson(document))),
    )
    return sendAsset(await description, 'application/json; charset=utf-8', request, reply)
  })
  addDocs(server)
}

async function inTurns<Result>(steps: Generator<void, Result>): Promise<Result> {
  for (;;) {
    await turn()
    const step = steps.next()
    if (step.done) return step.value
  }
}
