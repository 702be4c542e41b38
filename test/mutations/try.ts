/**
 * Tries the list of mutations: in a copy of the repo each fault is switched on by itself, and the test it names must
 * turn red. `npx tsx test/mutations/try.ts [name pattern]`; ends with `N killed, N survived`, code 1 if any survived.
 */
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { MUTATIONS, type Mutation } from './mutations.ts'

/** A mutated program may hang: what is not red by then counts as survived. */
const ROW_MS = 90_000
/** One file's tests, unmutated. */
const GREEN_MS = 240_000
/** Tests that run the built program and not the source. */
const ON_DIST = [
  'test/cli.test.ts',
  'test/cli-commands.test.ts',
  'test/archive-key.test.ts',
  'test/archive-export.test.ts',
  'test/stdio.test.ts',
  'test/mcp-config.test.ts',
]

const ROOT = resolve(import.meta.dirname, '../..')
const copy = mkdtempSync(join(tmpdir(), 'wma-mutations-'))

type TestResult = { fullName: string; status: string; failureMessages: string[] | null }
/** What vitest said; null where it did not end in time or could not load the file. */
type Verdict = { tests: TestResult[]; hookFailed: boolean } | null

/** The repo as it is now, uncommitted changes included. Others may go on editing it. */
function copyRepo(): void {
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  // A link to the packages elsewhere counts as a file here.
  for (const name of new Set(listed.stdout.split('\0').filter(Boolean))) {
    if (name !== 'node_modules' && existsSync(join(ROOT, name))) cpSync(join(ROOT, name), join(copy, name))
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
}

/** A program of Node in the copy, in a process group of its own, so that nothing of it outlives its time. */
let endRunning = () => {}
function runNode(args: string[], limitMs: number): Promise<number | null> {
  return new Promise((done) => {
    const child = spawn(process.execPath, args, { cwd: copy, stdio: 'ignore', detached: true })
    endRunning = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It has ended.
      }
    }
    const timer = setTimeout(endRunning, limitMs)
    child.on('close', (code) => {
      clearTimeout(timer)
      endRunning()
      done(code)
    })
  })
}

async function runTests(
  file: string,
  pattern: string | undefined,
  { limitMs, bail }: { limitMs: number; bail: boolean },
): Promise<Verdict> {
  const until = Date.now() + limitMs
  if (ON_DIST.includes(file) && (await runNode(['scripts/build.mjs'], limitMs)) !== 0) return null
  const report = join(copy, 'report.json')
  rmSync(report, { force: true })
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', file, '--reporter=json', `--outputFile=${report}`]
  const named = pattern === undefined ? [] : ['-t', pattern]
  await runNode([...vitest, `--bail=${Number(bail)}`, ...named], until - Date.now())
  if (!existsSync(report)) return null
  const [suite] = JSON.parse(readFileSync(report, 'utf8')).testResults
  if (suite === undefined || suite.assertionResults.length === 0) return null
  return { tests: suite.assertionResults, hookFailed: suite.status === 'failed' }
}

const isOf = (mutation: Mutation, { fullName }: TestResult) =>
  mutation.test.name === undefined || new RegExp(mutation.test.name).test(fullName)

/** The rows whose test is not green as things are: their turning red would say nothing. */
async function findNotGreen(rows: readonly Mutation[]): Promise<Map<Mutation, string>> {
  const notGreen = new Map<Mutation, string>()
  for (const file of new Set(rows.map(({ test }) => test.file))) {
    const group = rows.filter(({ test }) => test.file === file)
    const names = group.map(({ test }) => test.name)
    const pattern = names.includes(undefined) ? undefined : [...new Set(names)].join('|')
    const verdict = await runTests(file, pattern, { limitMs: GREEN_MS, bail: false })
    for (const row of group) {
      const own = verdict?.tests.filter((test) => isOf(row, test)) ?? []
      const red = own.find(({ status }) => status === 'failed')
      if (red) notGreen.set(row, `red without it: ${red.fullName}`)
      else if (!own.some(({ status }) => status === 'passed')) notGreen.set(row, 'no green test of this name')
    }
    say(`${file}: ${verdict?.tests.filter(({ status }) => status === 'passed').length ?? 0} green`)
  }
  return notGreen
}

/** The title of the test that turned red, with the first line of its reason; or why the fault counts as survived. */
async function tryOne(row: Mutation): Promise<{ killed: boolean; why: string }> {
  const path = join(copy, row.file)
  const original = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const found = original.split(row.find).length - 1
  if (found !== 1) return { killed: false, why: `its text occurs ${found} times in ${row.file}` }
  writeFileSync(
    path,
    original.replace(row.find, () => row.replace),
  )
  try {
    const verdict = await runTests(row.test.file, row.test.name, { limitMs: ROW_MS, bail: true })
    if (verdict === null) return { killed: false, why: 'no verdict: it hangs, or does not load' }
    const red = verdict.tests.find(({ status }) => status === 'failed')
    if (red !== undefined) {
      const reason = red.failureMessages?.[0]?.split('\n')[0] ?? ''
      return { killed: true, why: `${red.fullName} (${reason.slice(0, 120)})` }
    }
    return verdict.hookFailed
      ? { killed: true, why: 'a hook around the tests fails' }
      : { killed: false, why: `${row.test.file} stays green` }
  } finally {
    writeFileSync(path, original)
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

async function main(): Promise<number> {
  const wanted = new RegExp(process.argv[2] ?? '', 'i')
  const rows = MUTATIONS.filter(({ name }) => wanted.test(name))
  copyRepo()
  const notGreen = await findNotGreen(rows)
  let killed = 0
  for (const row of rows) {
    const since = Date.now()
    const unfit = notGreen.get(row)
    const outcome = unfit === undefined ? await tryOne(row) : { killed: false, why: unfit }
    if (outcome.killed) killed += 1
    const seconds = ((Date.now() - since) / 1000).toFixed(1)
    say(`${outcome.killed ? 'killed  ' : 'SURVIVED'} ${seconds.padStart(5)} s  ${row.name} <- ${outcome.why}`)
  }
  say(`${killed} killed, ${rows.length - killed} survived`)
  return killed === rows.length && rows.length > 0 ? 0 : 1
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => process.exit(1))
process.on('exit', () => {
  endRunning()
  rmSync(copy, { recursive: true, force: true, maxRetries: 5 })
})
process.exit(await main())
