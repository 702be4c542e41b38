/** GET /docs: our OpenAPI description as a page with search and try-it-out, all of it served from here. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Everything that the page loads, by its name under /docs/. The build copies ours and the library's into one folder. */
const FILES: Record<string, string> = {
  'docs.css': 'text/css; charset=utf-8',
  'docs.js': 'text/javascript; charset=utf-8',
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
}

/** No other host, no inline script or style, no frame around it; what is tried out goes to this server alone. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  // The library's icons stand in its style sheet.
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS = {
  'content-security-policy': POLICY,
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
  // Kept, but asked for again each time, which is answered with 304: after an update nobody sees half of the old page.
  'cache-control': 'no-cache',
} as const

type Asset = { bytes: Buffer; etag: string }

/** Adds the page and its files. Nothing is read before somebody looks; then it stays in memory (2 MB). */
export function addDocs(server: FastifyInstance): void {
  const read = new Map<string, Promise<Asset>>()
  const serve = async (name: string, type: string, request: FastifyRequest, reply: FastifyReply) => {
    const asset = read.get(name) ?? readAsset(name)
    read.set(name, asset)
    const { bytes, etag } = await asset
    reply.headers(HEADERS).header('etag', etag)
    if (request.headers['if-none-match'] === etag) return reply.status(304).send()
    return reply.type(type).send(bytes)
  }
  server.get('/docs', (request, reply) => serve('docs.html', 'text/html; charset=utf-8', request, reply))
  for (const [name, type] of Object.entries(FILES)) {
    server.get(`/docs/${name}`, (request, reply) => serve(name, type, request, reply))
  }
}

async function readAsset(name: string): Promise<Asset> {
  const bytes = await readFile(locate(name))
  return { bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` }
}

/** Beside this file, in the source as in dist/; run from source, the library's files are where npm put them. */
function locate(name: string): URL | string {
  const beside = new URL(`./docs/${name}`, import.meta.url)
  return existsSync(beside) ? beside : createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`)
}
