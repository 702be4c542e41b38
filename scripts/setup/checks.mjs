/** Everything that can be judged without running the product: types, lint, derived files. */

import { existsSync } from 'node:fs'
import { npmScript } from './packages.mjs'
import { binOf, inRoot } from './paths.mjs'
import { SetupError, say } from './progress.mjs'
import { runNode } from './run.mjs'

/**
 * Runs every check, also after one has failed, so that one run shows all there is to mend.
 * @returns {Promise<number>} exit code
 */
export async function runChecks() {
  const tsc = binOf('typescript', 'tsc')
  // Code that runs in a browser has types of its own, so each such folder has its own tsconfig.json.
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
 * Linters of the API description. They bring hundreds of packages, so they live in a folder and lock of their own,
 * installed when first needed.
 * @returns {Promise<[string, string[]][]>}
 */
async function validatorChecks() {
  const folder = inRoot('tools/validate')
  const bin = (/** @type {string} */ path) => inRoot('tools/validate/node_modules', path)
  if (!existsSync(bin('.package-lock.json'))) {
    say('installing the validators …')
    const args = ['ci', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
    const { code, output } = await runNode([npmScript(), ...args], { capture: true })
    if (code !== 0)
      throw new SetupError('The validators could not be installed.', output.trim().split('\n')[0] ?? '')
  }
  process.env.REDOCLY_TELEMETRY = 'off'
  const description = inRoot('docs/openapi.json')
  const ruleset = inRoot('tools/validate/spectral.yaml')
  return [
    [
      'linting the API description (Spectral)',
      [
        bin('@stoplight/spectral-cli/dist/index.js'),
        'lint',
        description,
        '--ruleset',
        ruleset,
        '--fail-severity=warn',
      ],
    ],
    ['linting the API description (Redocly)', [bin('@redocly/cli/bin/cli.js'), 'lint', description]],
  ]
}
