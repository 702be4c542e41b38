/** The module that a thread runs: of the build, or bundled here when running from source. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** @param source a module of this folder, without `.ts`; an entry of scripts/build.mjs */
export function threadScript(source: string): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return isSource ? bundle(source) : new URL(`./${source}.js`, import.meta.url)
}

/**
 * Tests only: a thread of Node 20 cannot load TypeScript, and tsx takes more than a second in each. The bundle lies beside the
 * packages that it imports, by the state of its sources.
 */
function bundle(source: string): URL {
  const folder = fileURLToPath(new URL('../../node_modules/.cache/threads/', import.meta.url))
  const file = `${folder}${source}-${stateOf(fileURLToPath(new URL('..', import.meta.url)))}.mjs`
  if (existsSync(file)) return pathToFileURL(file)
  const require = createRequire(import.meta.url)
  const { buildSync }: typeof import('esbuild') = require('esbuild')
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL(`./${source}.ts`, import.meta.url))],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
  })
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${file}.${process.pid}`, outputFiles[0]?.text ?? '')
  renameSync(`${file}.${process.pid}`, file)
  return pathToFileURL(file)
}

/** A hash of the names, sizes and times of the sources in this folder. */
function stateOf(folder: string): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!name.endsWith('.ts')) continue
    const { size, mtimeMs } = statSync(`${folder}/${name}`)
    hash.update(`${name} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex').slice(0, 16)
}
