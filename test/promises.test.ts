/** docs/promises.md: every promise has a command that exists, and every figure is of one of them. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readMeasured } from './soak/measured.ts'
import { PROMISES } from './soak/promises.ts'
import { RUNS } from './soak/runs.ts'

const ROOT = join(import.meta.dirname, '..')

it.each(PROMISES)('$id names a command that exists: $command', ({ command }) => {
  const [, script = '', words = ''] = /^npm (?:run )?(test|soak|bench) -- (.*)$/.exec(command) ?? []
  if (script === 'test')
    for (const file of words.split(' ')) expect(existsSync(join(ROOT, file)), file).toBe(true)
  else if (script === 'soak') expect(Object.keys(RUNS)).toContain(words.split(' ')[0])
  else expect(command).toBe('npm run bench -- --all')
})

it('has a figure only of its own commands', () => {
  const commands = PROMISES.map(({ command }) => command)
  expect(Object.keys(readMeasured()).filter((command) => !commands.includes(command))).toEqual([])
})

it('has each promise of the list once', () => {
  const ids = PROMISES.flatMap(({ id }) => id.split(', '))
  expect(ids).toEqual(Array.from({ length: 22 }, (_, index) => `G${index + 1}`))
  const page = readFileSync(join(ROOT, 'docs/promises.md'), 'utf8')
  for (const { promise } of PROMISES) expect(page).toContain(promise)
})
