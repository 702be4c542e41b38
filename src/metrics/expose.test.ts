/** The text for Prometheus: what its format demands, and what a family that fails takes along. */
import { expect, it } from 'vitest'
import { expose } from './expose.ts'
import type { Family, Sources } from './families.ts'
import { createCounter, createStopwatch } from './tally.ts'

/** No family here reads them. */
const nothing = {} as Sources
const all = () => true

/** The lines before those of Node. */
async function linesOf(families: Family[], isSeen: (account: string) => boolean = all): Promise<string[]> {
  const { text, type } = await expose(families, nothing, isSeen)
  expect(type).toMatch(/^text\/plain; version=0\.0\.4/)
  return text.slice(0, text.indexOf('# HELP process_')).split('\n').filter(Boolean)
}

it('counts each combination of labels, and names help and type once', async () => {
  const counter = createCounter()
  for (const code of ['', 'a', '', '']) counter.add({ account: 'default', code })
  const family: Family = { name: 'x_total', type: 'counter', help: 'What.', read: () => counter.samples() }
  expect(await linesOf([family])).toEqual([
    '# HELP x_total What.',
    '# TYPE x_total counter',
    'x_total{account="default",code=""} 3',
    'x_total{account="default",code="a"} 1',
  ])
})

it('counts a duration in its class and in all longer ones', async () => {
  const watch = createStopwatch()
  for (const seconds of [0.1, 0.2, 3, 99]) watch.observe({ account: 'default' }, seconds)
  const family: Family = { name: 'x', type: 'histogram', help: 'How long.', read: () => watch.durations() }
  const counts = (await linesOf([family])).slice(2).map((line) => line.split(' ')[1])
  expect(counts.slice(0, 9).map(Number)).toEqual([1, 2, 2, 2, 2, 3, 3, 3, 4])
  expect([Number(counts[9]), counts[10]]).toEqual([expect.closeTo(102.3), '4'])
})

it('leaves out accounts that the caller does not see, and a family that cannot be read now', async () => {
  const of = (account: string) => ({ labels: { account }, value: 1 })
  const families: Family[] = [
    { name: 'one', type: 'gauge', help: 'One.', read: () => [of('default'), of('work')] },
    { name: 'two', type: 'gauge', help: 'Two.', read: () => [of('work')] },
    { name: 'three', type: 'gauge', help: 'Three.', read: () => Promise.reject(new Error('closed')) },
    { name: 'four', type: 'gauge', help: 'Four.', read: () => [{ labels: {}, value: 4 }] },
  ]
  const lines = await linesOf(families, (account) => account === 'default')
  expect(lines.filter((line) => !line.startsWith('#'))).toEqual(['one{account="default"} 1', 'four 4'])
  expect(lines.join('\n')).not.toMatch(/two|three/)
})
