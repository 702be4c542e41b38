/** The module that a thread runs: of the build, or bundled here when running from source. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** @param source a module of this folder, without `.ts`; an entry of scripts/build.mjs */
export function threadScript(source: string): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return isSource ? bundle(source) : new URL(`./${source}.js`, import.meta.url)
}

/** Tests only: a thread of Node 20 cannot load TypeScript, and tsx takes more than a second in each. */
function bundle(source: string): URL {
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
  const text = outputFiles[0]?.text ?? ''
  // Beside the packages that it imports, by its contents.
  const folder = fileURLToPath(new URL('../../node_modules/.cache/threads/', import.meta.url))
  const file = `${folder}${source}-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.mjs`
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${file}.${process.pid}`, text)
    renameSync(`${file}.${process.pid}`, file)
  }
  return pathToFileURL(file)
}
