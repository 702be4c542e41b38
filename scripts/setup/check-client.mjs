/** Builds the TypeScript client (clients/typescript), and tests it against the server with the simulated WhatsApp. */

import { npmScript } from './packages.mjs'
import { inRoot } from './paths.mjs'
import { SetupError, step } from './progress.mjs'
import { runNode } from './run.mjs'

/** Installs the packages of its lock file, then runs its tests. Resolves with the exit code. */
export async function runClientCheck() {
  const where = ['--prefix', inRoot('clients', 'typescript')]
  await step('installing the packages of the client (npm ci)', async () => {
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    const { code, output } = await runNode([npmScript(), 'ci', ...where, ...flags], { capture: true })
    if (code !== 0)
      throw new SetupError('The packages could not be installed.', output.trim().split('\n')[0] ?? '')
  })
  return (await runNode([npmScript(), 'test', ...where])).code
}
