/** The tests on other days and in other time zones: what passes today must pass on each of them. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { findBrowser } from '../../src/browser/find.ts'
import { launchArgs } from '../../src/engine/wweb/launch-args.ts'
import { fakeClockEnv, findFaketime, readClocks } from './fake-clock.ts'

const BOOTSTRAP = fileURLToPath(new URL('../../scripts/bootstrap.mjs', import.meta.url))

export type Day = {
  name: string
  /** The time at which its run begins, Unix ms. */
  beginsAt(now: number): number
  /** IANA name. */
  zone: string
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const NEW_YORK = 'America/New_York'

/** UTC+14 and UTC−3:30 are as far ahead, and as odd, as zones get: there, most of the time, another day has begun. */
export const DAYS: readonly Day[] = [
  { name: 'week', beginsAt: (now) => now + 7 * DAY_MS, zone: 'UTC' },
  { name: 'year', beginsAt: (now) => now + 365 * DAY_MS, zone: 'Pacific/Kiritimati' },
  { name: 'three-years', beginsAt: (now) => now + 3 * 365 * DAY_MS, zone: 'America/St_Johns' },
  { name: 'leap-day', beginsAt: nextLeapDay, zone: 'UTC' },
  // Clocks go back soon after the tests begin: an hour of local time comes twice.
  { name: 'clock-back', beginsAt: (now) => nextClockBack(now, NEW_YORK) - 20_000, zone: NEW_YORK },
]

/** Noon of the next 29 February, UTC. */
export function nextLeapDay(now: number): number {
  for (let year = new Date(now).getUTCFullYear(); ; year += 1) {
    const noon = new Date(Date.UTC(year, 1, 29, 12))
    // In other years it is the first of March.
    if (noon.getUTCDate() === 29 && noon.getTime() > now) return noon.getTime()
  }
}

/** The next time at which clocks of this zone go back, at least an hour from now, Unix ms. */
export function nextClockBack(now: number, zone: string): number {
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' })
  /** Minutes ahead of UTC. */
  const offsetAt = (time: number) => {
    const name = format.formatToParts(time).find(({ type }) => type === 'timeZoneName')?.value ?? ''
    const [, sign = '+', hours = 0, minutes = 0] = /([+-])(\d\d):(\d\d)/.exec(name) ?? []
    return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
  }
  const first = Math.ceil(now / HOUR_MS) * HOUR_MS + HOUR_MS
  for (let time = first; time < now + 400 * DAY_MS; time += HOUR_MS)
    if (offsetAt(time) < offsetAt(time - 1)) return time
  throw new Error(`The clocks of ${zone} do not go back.`)
}

/** `failures`: what failed, as vitest names it: the file, and the words that lead to the test. */
export type DayRun = { day: Day; passed: number; failed: number; failures: string[] }

/**
 * Run `npm test` on each of these days, one after the other; `say` hears of each day and every line of its tests.
 * A day whose clock a Node or a page does not show, and one on which no test ran, counts as failed.
 * @param args handed to vitest: files, `-t name`, …
 */
export async function* runDays(
  days: readonly Day[],
  args: string[],
  say: (line: string) => void,
): AsyncGenerator<DayRun> {
  const library = findFaketime()
  for (const day of days) {
    const now = Date.now()
    const env = fakeClockEnv(library, day.beginsAt(now) - now, day.zone)
    say(`${day.name}: ${new Date(day.beginsAt(now)).toISOString()}, ${day.zone}`)
    const wrong = wrongClocks(env, day.beginsAt(now) - now)
    for (const line of wrong) say(`${day.name}: ${line}`)
    const { passed, failed, failures } =
      wrong.length > 0 ? { passed: 0, failed: 0, failures: wrong } : await runTests(args, env, say)
    yield { day, passed, failed: passed + failed === 0 ? 1 : failed, failures }
  }
}

/** A sentence for each program that does not show the day. */
function wrongClocks(env: Record<string, string>, aheadMs: number): string[] {
  const browser = findBrowser()
  if (browser === null) throw new Error('There is no browser: npm test installs one.')
  const clocks = readClocks(env, browser.path, launchArgs(true, []).args)
  const wanted = Date.now() + aheadMs
  const wrong = Object.entries(clocks)
    .filter(([, { now }]) => Math.abs(now - wanted) > 60_000)
    .map(([name, { now }]) => `The clock of a ${name} shows ${new Date(now).toISOString()}.`)
  if (clocks.node.offset !== clocks.page.offset)
    wrong.push('A Node and a page do not have the same time zone.')
  return wrong
}

async function runTests(
  args: string[],
  env: Record<string, string>,
  say: (line: string) => void,
): Promise<Omit<DayRun, 'day'>> {
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
