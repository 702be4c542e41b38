/** The days on which all tests are run, see days.ts. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { DAYS, nextClockBack, nextLeapDay } from './days.ts'
import { greenRuns } from './green-runs.ts'
import { failureIn, onEach, type SuiteRun } from './suite-run.ts'

it.each([
  [2023, 2024],
  [2025, 2028],
  [2096, 2096],
  // The last year of a century has none, most of the time.
  [2097, 2104],
])('from the first day of %i, the next 29 February is that of %i', (from, year) => {
  expect(nextLeapDay(Date.UTC(from))).toBe(Date.UTC(year, 1, 29, 12))
  expect(nextLeapDay(Date.UTC(year, 1, 29, 12))).toBeGreaterThanOrEqual(Date.UTC(year + 4, 1, 29, 12))
})

it.each([
  ['America/New_York', '2023-11-05T06:00:00Z'],
  ['Europe/Berlin', '2023-10-29T01:00:00Z'],
  ['Australia/Lord_Howe', '2023-04-01T15:00:00Z'],
])('from the first day of 2023, the clocks of %s next go back at %s', (zone, time) => {
  expect(nextClockBack(Date.UTC(2023), zone)).toBe(Date.parse(time))
  expect(nextClockBack(Date.parse(time), zone)).toBeGreaterThan(Date.parse(time))
})

it('a zone whose clocks never go back has no such day', () => {
  expect(() => nextClockBack(Date.UTC(2023), 'Pacific/Kiritimati')).toThrow('do not go back')
})

it('all are still to come, and two are in zones far from UTC', () => {
  const now = Date.now()
  for (const day of DAYS) expect(day.beginsAt(now), day.name).toBeGreaterThan(now)
  expect(new Set(DAYS.map(({ zone }) => zone)).size).toBeGreaterThanOrEqual(3)
})

it.each([
  [' FAIL  test/link.test.ts > a start > that fails', 'test/link.test.ts > a start > that fails'],
  [
    '\u001b[41m\u001b[1m FAIL \u001b[22m\u001b[49m test/x.test.ts [ test/x.test.ts ]',
    'test/x.test.ts [ test/x.test.ts ]',
  ],
  ['   × that fails 5ms', null],
  ['the text FAIL  of a test', null],
])('of the line %j, what failed is %j', (line, failure) => {
  expect(failureIn(line)).toBe(failure)
})

it('ends with what failed under each of those that were asked for; a run without a test failed', async () => {
  const printed = vi.spyOn(console, 'log').mockReturnValue()
  const runs: Record<string, SuiteRun> = {
    old: { passed: 3, failed: 0, failures: [] },
    older: { passed: 2, failed: 1, failures: ['a.test.ts > it'] },
    oldest: { passed: 0, failed: 0, failures: [] },
  }
  const asked: string[] = []
  const run = (...args: string[]) =>
    onEach(
      'build',
      Object.keys(runs).map((name) => ({ name })),
      async ({ name }, tests) => {
        asked.push([name, ...tests].join(' '))
        return runs[name] ?? { passed: 0, failed: 0, failures: [] }
      },
      args,
    )
  const codes = []
  for (const names of [['old'], ['old', 'older'], ['oldest']]) {
    await run(...names.flatMap((name) => ['--build', name]), 'a.test.ts')
    codes.push(process.exitCode)
    process.exitCode = undefined
  }
  expect(codes).toEqual([undefined, 1, 1])
  expect(asked).toEqual(['old a.test.ts', 'old a.test.ts', 'older a.test.ts', 'oldest a.test.ts'])
  expect(printed.mock.calls[1]).toEqual([
    '\nold: 3 passed, 0 failed\nolder: 2 passed, 1 failed\n  ! a.test.ts > it',
  ])
  await expect(run('--build', 'new')).rejects.toThrow('There is no build new. Use one of old, older, oldest.')
})

it('is green on its very commit only, and never with changes or without Git', () => {
  const dir = mkdtempSync(join(tmpdir(), 'wma-days-'))
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x', ...args], { cwd: dir })
  const commit = () => git('commit', '-q', '--allow-empty', '-m', 'x')
  greenRuns(dir).add('week')
  expect(greenRuns(dir).has('week')).toBe(false)
  git('init', '-q')
  commit()
  greenRuns(dir).add('week')
  greenRuns(dir).add('year')
  expect(['week', 'year', 'leap-day'].map(greenRuns(dir).has)).toEqual([true, true, false])
  writeFileSync(join(dir, 'file'), '')
  expect(greenRuns(dir).has('week')).toBe(false)
  rmSync(join(dir, 'file'))
  expect(greenRuns(dir).has('week')).toBe(true)
  commit()
  expect(greenRuns(dir).has('week')).toBe(false)
  rmSync(dir, { recursive: true })
})
