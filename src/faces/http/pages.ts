/** The routes without an operation: pages, and the OpenAPI description. */
import type { FastifyInstance } from 'fastify'
import { toJson } from '../../json.ts'
import type { Door } from '../../operations/door.ts'
import { startAuth } from '../../operations/link.ts'
import type { Row } from '../../operations/operation.ts'
import { turn } from '../../turn.ts'
import { type Asset, sendAsset, toAsset } from './asset.ts'
import { addDocs } from './docs-page.ts'
import { takeNoFields } from './input.ts'
import { openApiSteps } from './openapi.ts'
import { addQr } from './qr-routes.ts'

/** Relative to the address of the description, so it is correct for any port, any name and through a tunnel. */
const SAME_SERVER = { url: '/', description: 'This server.' }

/**
 * Adds the pages `/qr` and `/docs`, and `GET /openapi.json`, which is created once.
 * @param rows the rows that exist; without a row that links there is no page for it
 */
export function addPages(server: FastifyInstance, door: Door, version: string, rows: readonly Row[]): void {
  if (rows.includes(startAuth)) addQr(server, door)
  let description: Promise<Asset> | null = null
  server.get(
    '/openapi.json',
    { config: { isPublic: true }, preHandler: takeNoFields },
    async (request, reply) => {
      description ??= inTurns(openApiSteps(rows, version, SAME_SERVER)).then((document) =>
        toAsset(Buffer.from(toJson(document))),
      )
      return sendAsset(await description, 'application/json; charset=utf-8', request, reply)
    },
  )
  addDocs(server)
}

async function inTurns<Result>(steps: Generator<void, Result>): Promise<Result> {
  for (;;) {
    await turn()
    const step = steps.next()
    if (step.done) return step.value
  }
}
