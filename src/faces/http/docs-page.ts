/** GET /docs: the OpenAPI description as a page with search and try-it-out. All files come from this server. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { keepAssets, sendAsset } from './asset.ts'
import { takeNoFields } from './input.ts'
import { DOCS_PAGE, headersOf } from './page-table.ts'

/** The page and its files say nothing of an account. */
const open = { config: { isPublic: true }, preHandler: takeNoFields }

/** Adds the page and its files. Files are read on first use and stay in memory (2 MB). */
export function addDocs(server: FastifyInstance): void {
  const read = keepAssets(locate)
  const serve = async (name: string, type: string, request: FastifyRequest, reply: FastifyReply) =>
    sendAsset(await read(name), type, request, reply.headers(headersOf(DOCS_PAGE)))
  server.get(DOCS_PAGE.path, open, (request, reply) =>
    serve('docs.html', 'text/html; charset=utf-8', request, reply),
  )
  for (const [name, type] of Object.entries(DOCS_PAGE.files)) {
    server.get(`${DOCS_PAGE.path}/${name}`, open, (request, reply) => serve(name, type, request, reply))
  }
}

/** Returns the path of a file. A build has all of them beside this module; the source has only its own, and the library's are in its package. */
function locate(name: string): URL | string {
  const beside = new URL(`./docs/${name}`, import.meta.url)
  return existsSync(beside) ? beside : createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`)
}
