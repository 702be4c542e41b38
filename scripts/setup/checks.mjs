/** The checks that do not run the product: types, lint, derived files. */

import { existsSync } from 'node:fs'
import { binOf, inRoot } from './paths.mjs'
import { say } from './progress.mjs'
import { runNode } from './run.mjs'
import { installValidators, inValidators } from './validators.mjs'

/**
 * Runs every check, even after one has failed, so that one run shows all problems.
 * @returns {Promise<number>} exit code
 */
export async function runChecks() {
  const tsc = binOf('typescript', 'tsc')
  // Code for the browser has other types, so each such folder has its own tsconfig.json.
  const projects = ['.', 'simulator/page', 'simulator/control/phone', 'src/faces/http/docs'].filter(
    (folder) => existsSync(inRoot(folder, 'tsconfig.json')),
  )
  /** @type {[string, string[]][]} */
  const checks = projects.map((folder) => [`checking types in ${folder}`, [tsc, '-p', inRoot(folder)]])
  checks.push(['linting', [binOf('@biomejs/biome', 'biome'), 'check', '--error-on-warnings', '.']])
  if (existsSync(inRoot('scripts/generate-docs.ts'))) {
    const generate = ['--import', 'tsx', inRoot('scripts/generate-docs.ts'), '--check']
    checks.push(['checking derived files', generate])
  }
  checks.push(...(await validatorChecks()))
  /** @type {string[]} */
  const failed = []
  for (const [name, args] of checks) {
    say(`${name} …`)
    const startedAt = performance.now()
    const { code } = await runNode(args)
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    say(`${name}: ${code === 0 ? 'passed' : 'FAILED'} in ${seconds} s`)
    if (code !== 0) failed.push(name)
  }
  say(failed.length === 0 ? 'all checks passed' : `failed: ${failed.join(', ')}`)
  return failed.length === 0 ? 0 : 1
}

/**
 * Returns the linters of the API description.
 * @returns {Promise<[string, string[]][]>}
 */
async function validatorChecks() {
  await installValidators()
  process.env.REDOCLY_TELEMETRY = 'off'
  const description = inRoot('docs/openapi.json')
  const ruleset = inRoot('tools/validate/spectral.yaml')
  const spectral = inValidators('@stoplight/spectral-cli/dist/index.js')
  return [
    [
      'linting the API description (Spectral)',
      [spectral, 'lint', description, '--ruleset', ruleset, '--fail-severity=warn'],
    ],
    ['linting the API description (Redocly)', [inValidators('@redocly/cli/bin/cli.js'), 'lint', description]],
  ]
}
