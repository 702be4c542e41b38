/** Fixtures follow the clock: a time that stands in a test is long past, so that it is long past on every day. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')

/**
 * The double's world is dated relative to now. A fixed time that is newer than it today is older than it some day, and the
 * order of chats is another one then.
 */
const NEWEST = Date.UTC(2026, 0, 1)

/** They look like days: a revision of MCP, and one that never was. */
const NAMES = new Set(['2026-07-28', '2099-01-01'])

/** Times written as Unix seconds or ms (those up to 2033 begin with 1), as ISO 8601, or by parts of a date. */
const TIMES: [written: RegExp, read: (text: string) => number][] = [
  [/(?<![\w.])1_?\d{3}_?\d{3}_?\d{3}(?:_?\d{3})?(?![\w.])/g, fromUnix],
  [/(?<!\d)20\d\d-[01]\d-[0-3]\d(?!\d)/g, (text) => Date.parse(text)],
  [/(?<=new Date\(|Date\.UTC\()20\d\d(?=,)/g, (text) => Date.parse(text)],
]

function fromUnix(text: string): number {
  const value = Number(text.replaceAll('_', ''))
  return value < 1e10 ? value * 1000 : value
}

/** What in this text is a fixed time that is not long past. */
function tooNew(text: string): string[] {
  return TIMES.flatMap(([written, read]) =>
    (text.match(written) ?? []).filter((found) => read(found) >= NEWEST && !NAMES.has(found)),
  )
}

describe('a fixed time', () => {
  it.each([
    '1_795_500_000',
    '1795500000',
    '1_795_500_000_123',
    "'2026-11-24T06:00:00Z'",
    'Date.UTC(2028, 1, 29)',
  ])('%s is found', (text) => expect(tooNew(`at: ${text},`)).toHaveLength(1))

  it.each([
    '1_700_000_000',
    "'2025-06-15T15:06:42.000Z'",
    '15550001101',
    '120363000000000077@g.us',
    "'2026-07-28'",
  ])('%s is none, or old', (text) => expect(tooNew(`at: ${text},`)).toEqual([]))

  it('is long past in every test, fixture and snapshot', () => {
    const isOurs = (path: string) =>
      /\.test\.ts$/.test(path) ||
      (/^(test|simulator)\//.test(path) && /\.(ts|mjs|js|json|md|txt|snap)$/.test(path))
    const paths = ['src', 'simulator', 'test'].flatMap((room) =>
      readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' }).map((path) => `${room}/${path}`),
    )
    const checked = paths.filter((path) => isOurs(path) && path !== 'test/fixed-times.test.ts')
    expect(checked.length).toBeGreaterThan(100)
    const found = checked.flatMap((path) =>
      tooNew(readFileSync(join(ROOT, path), 'utf8')).map((time) => `${path}: ${time}`),
    )
    expect(found).toEqual([])
  })
})
