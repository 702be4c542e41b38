/**
 * `npm run bundle`: writes the .mcpb bundle (only stdio, without browser and packages) and server.json to bundle/. Both are
 * validated before they replace earlier files.
 */
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { createManifest, ENTRY, type Package } from './bundle-manifest.ts'
import { createServerJson } from './bundle-server-json.ts'
import { inRoot } from './setup/paths.mjs'
import { SetupError, say } from './setup/progress.mjs'
import { runNode } from './setup/run.mjs'
import { installValidators, inValidators } from './setup/validators.mjs'

/** The licences of the bundled packages. */
const LIBRARIES = ['eventsource-parser']

/** Writes both to `folder` and resolves with their absolute paths. @throws SetupError if one is not valid */
export async function bundle(folder: string): Promise<{ mcpb: string; serverJson: string }> {
  await installValidators()
  const about: Package = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'))
  const content = join(folder, 'content')
  rmSync(content, { recursive: true, force: true })
  mkdirSync(join(content, 'licenses'), { recursive: true })
  await build({
    absWorkingDir: inRoot(),
    entryPoints: ['src/cli/stdio-bundle.ts'],
    outfile: join(content, ENTRY),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'warning',
  })
  copyFileSync(inRoot('LICENSE'), join(content, 'LICENSE'))
  for (const name of LIBRARIES)
    copyFileSync(inRoot('node_modules', name, 'LICENSE'), join(content, 'licenses', `${name}.txt`))
  writeFileSync(join(content, 'manifest.json'), toText(createManifest(about)))

  const fresh = join(folder, 'fresh.mcpb')
  await mcpb('validate', join(content, 'manifest.json'))
  await mcpb('pack', content, fresh)
  const made = { mcpb: join(folder, `${about.name}.mcpb`), serverJson: join(folder, 'server.json') }
  renameSync(fresh, made.mcpb)
  writeFileSync(made.serverJson, toText(createServerJson(about)))
  rmSync(content, { recursive: true })
  return made
}

/** Runs the official mcpb tool, from the validators. */
async function mcpb(...args: string[]): Promise<void> {
  const tool = inValidators('@anthropic-ai/mcpb/dist/cli/cli.js')
  const { code, output } = await runNode([tool, ...args], { capture: true })
  if (code !== 0) throw new SetupError(`mcpb ${args[0]} rejects the bundle.`, output.trim().slice(-2_000))
}

function toText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    for (const file of Object.values(await bundle(inRoot('bundle')))) say(`made and validated: ${file}`)
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    say(`${error.message}\nsetup: ${error.hint}`)
    process.exitCode = 1
  }
}
