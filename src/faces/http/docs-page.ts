/** GET /docs: the OpenAPI description as a page with search and try-it-out. All files come from this server. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Asset, sendAsset, toAsset } from './asset.ts'
import { takeNoFields } from './input.ts'

/** The files that the page loads, by name under /docs/. The build copies this project's and the library's into one folder. */
const FILES: Record<string, string> = {
  'docs.css': 'text/css; charset=utf-8',
  'docs.js': 'text/javascript; charset=utf-8',
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
}

/** No other host, no inline scripts or styles, no frames. Try-it-out requests go to this server only. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  // The library's icons are in its style sheet.
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
} as const

/** Adds the page and its files. Files are read on first use and stay in memory (2 MB). */
export function addDocs(server: FastifyInstance): void {
  const read = new Map<string, Promise<Asset>>()
  const serve = async (name: string, type: string, request: FastifyRequest, reply: FastifyReply) => {
    const asset = read.get(name) ?? readAsset(name)
    read.set(name, asset)
    return sendAsset(await asset, type, request, reply.headers(HEADERS))
  }
  server.get('/docs', { preHandler: takeNoFields }, (request, reply) =>
    serve('docs.html', 'text/html; charset=utf-8', request, reply),
  )
  for (const [name, type] of Object.entries(FILES)) {
    server.get(`/docs/${name}`, { preHandler: takeNoFields }, (request, reply) =>
      serve(name, type, request, reply),
    )
  }
}

async function readAsset(name: string): Promise<Asset> {
  return toAsset(await readFile(locate(name)))
}

/** Returns the path of a file: beside this one, or, from source, in the library's package. */
function locate(name: string): URL | string {
  const beside = new URL(`./docs/${name}`, import.meta.url)
  return existsSync(beside) ? beside : createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`)
}
