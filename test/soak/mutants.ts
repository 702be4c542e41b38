/** Changes the pure modules one place at a time and expects a unit test to fail (StrykerJS). Brings Stryker on the first run. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')
const TOOL = join(ROOT, 'tools/mutate')

/**
 * Runs Stryker in the foreground; its report goes to standard output.
 * @param args further arguments of `stryker run`, such as `--mutate src/model/fold.ts`
 * @returns the exit code
 */
export function runMutants(args: readonly string[], say: (line: string) => void): number {
  const program = join(TOOL, 'node_modules/@stryker-mutator/core/bin/stryker.js')
  if (!existsSync(program)) {
    say('installing StrykerJS …')
    const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: TOOL, stdio: 'inherit' })
    if (status !== 0) return status ?? 1
  }
  const { status } = spawnSync(
    process.execPath,
    [program, 'run', 'tools/mutate/stryker.config.js', ...args],
    {
      cwd: ROOT,
      stdio: 'inherit',
    },
  )
  return status ?? 1
}
