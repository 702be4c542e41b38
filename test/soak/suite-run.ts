/** All tests under other circumstances, one after the other: on other days, on other builds of WhatsApp Web. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs, stripVTControlCharacters } from 'node:util'
import { greenRuns } from './green-runs.ts'

const BOOTSTRAP = fileURLToPath(new URL('../../scripts/bootstrap.mjs', import.meta.url))

/** `failures`: what failed, as vitest names it: the file, and the words that lead to the test. */
export type SuiteRun = { passed: number; failed: number; failures: string[] }

/** Runs the tests once; `args`: handed to vitest: files, `-t name`, …; `say` hears every line. */
export type RunSuite<One> = (one: One, args: string[], say: (line: string) => void) => Promise<SuiteRun>

/**
 * Runs the tests under each of `all`, or those that the option `--<option> NAME` names, and prints what failed under each.
 * One under which all tests passed on this very commit is left out, except with `--again` or with tests to select.
 */
export async function onEach<One extends { name: string }>(
  option: string,
  all: readonly One[],
  runSuite: RunSuite<One>,
  args: string[],
): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    options: { [option]: { type: 'string', multiple: true }, again: { type: 'boolean' } },
    allowPositionals: true,
  })
  const names = all.map(({ name }) => name)
  const wanted = [values[option] ?? names].flat()
  for (const name of wanted)
    if (!names.some((known) => known === name))
      throw new Error(`There is no ${option} ${name}. Use one of ${names.join(', ')}.`)
  const isWhole = positionals.length === 0
  const green = greenRuns(import.meta.dirname)
  const lines: string[] = []
  for (const one of all.filter(({ name }) => wanted.includes(name))) {
    if (isWhole && values.again !== true && green.has(one.name)) {
      lines.push(`${one.name}: passed before, on this commit`)
      continue
    }
    const { passed, failed, failures } = await runSuite(one, positionals, console.error)
    // A run without any test is not green.
    const isGreen = failed === 0 && passed > 0
    lines.push(`${one.name}: ${passed} passed, ${failed} failed`, ...failures.map((what) => `  ! ${what}`))
    if (!isGreen) process.exitCode = 1
    else if (isWhole) green.add(one.name)
  }
  console.log(`\n${lines.join('\n')}`)
}

/** Runs `npm test` with these variables added to the environment. */
export async function runTests(
  args: string[],
  env: Record<string, string>,
  say: (line: string) => void,
): Promise<SuiteRun> {
  const child = spawn(process.execPath, [BOOTSTRAP, 'test', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const end = () => child.kill()
  process.on('exit', end)
  let counts = { passed: 0, failed: 0 }
  const failures = new Set<string>()
  for await (const line of createInterface({ input: child.stdout })) {
    say(line)
    const failure = failureIn(line)
    if (failure !== null) failures.add(failure)
    const [, passed, failed] = /^(\d+) passed, (\d+) failed$/.exec(line) ?? []
    if (passed !== undefined) counts = { passed: Number(passed), failed: Number(failed) }
  }
  process.off('exit', end)
  return { ...counts, failures: [...failures] }
}

/** The test or the file that failed, by this line of vitest's; null: the line is another one. */
export function failureIn(line: string): string | null {
  return /^ FAIL {2}(.+?)\s*$/.exec(stripVTControlCharacters(line))?.[1] ?? null
}
