/** The tests on other days and in other time zones: what passes today must pass on each of them. */
import { findBrowser } from '../../src/browser/find.ts'
import { launchArgs } from '../../src/engine/wweb/launch-args.ts'
import { fakeClockEnv, findFaketime, readClocks } from './fake-clock.ts'
import { type RunSuite, runTests } from './suite-run.ts'

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

/** Runs the tests on this day. A day whose clock a Node or a page does not show counts as failed. */
export const runOnDay: RunSuite<Day> = async (day, args, say) => {
  const now = Date.now()
  const beginsAt = day.beginsAt(now)
  const env = fakeClockEnv(findFaketime(), beginsAt - now, day.zone)
  say(`${day.name}: ${new Date(beginsAt).toISOString()}, ${day.zone}`)
  const wrong = wrongClocks(env, beginsAt - now)
  for (const line of wrong) say(`${day.name}: ${line}`)
  return wrong.length > 0 ? { passed: 0, failed: 1, failures: wrong } : await runTests(args, env, say)
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
