/** The page's script: the built file, or, when running from source, a new bundle. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

let cached: Promise<string> | undefined

/**
 * One classic script with everything that the page requires. Bundled in this process when running from
 * source.
 */
export function loadPageScript(): Promise<string> {
  cached ??= readOrBundle()
  return cached
}

async function readOrBundle(): Promise<string> {
  const here = dirname(fileURLToPath(import.meta.url))
  const source = join(here, '../page/main.ts')
  if (existsSync(source)) return bundle(source)
  const built = [join(here, 'simulator-page.js'), join(here, '../../dist/simulator-page.js')].find(existsSync)
  if (built) return readFileSync(built, 'utf8')
  throw new Error('simulator: the page script is missing; run `npm run build`')
}

async function bundle(source: string): Promise<string> {
  const { build, stop } = await import('esbuild')
  const result = await build({
    entryPoints: [source],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    // A class keeps its name and `toString` its text: clients read both (wa-js finds modules by them).
    minify: false,
    logLevel: 'silent',
  })
  // Otherwise its helper process stays beside a test run that counts processes.
  await stop()
  const [file] = result.outputFiles
  if (!file) throw new Error('simulator: the page script did not bundle')
  return file.text
}
