/** The service's memory: what was set is there after a kill, a torn write costs only itself. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openSimulator } from '../open-simulator.ts'
import { openStore } from './store.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'store-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

it('keeps what was set without being closed, in order, and forgets what was deleted', () => {
  const people = openStore(directory).map<{ name: string }>('people')
  people.set('b', { name: 'B' })
  people.set('a', { name: 'A\n"' })
  people.set('b', { name: 'B2' })
  people.set('c', { name: 'C' })
  people.delete('c')
  expect(openStore(directory).map('people').values()).toEqual([{ name: 'B2' }, { name: 'A\n"' }])
  expect(openStore(directory).map('people').values()).toEqual([{ name: 'B2' }, { name: 'A\n"' }])
})

it('drops a torn last line, keeps everything before it and works on', () => {
  openStore(directory).map('people').set('a', 1)
  appendFileSync(join(directory, 'journal.jsonl'), '["people","b","2')
  const again = openStore(directory).map('people')
  expect(again.values()).toEqual([1])
  again.set('c', 3)
  expect(readFileSync(join(directory, 'journal.jsonl'), 'utf8')).toBe('["people","c","3"]\n')
  expect(openStore(directory).map('people').values()).toEqual([1, 3])
})

it('the same seed gives the same world, another seed another one; a reopened world is the one that was left', async () => {
  const first = await openSimulator({ dataDir: directory, seed: 7 })
  const twin = await openSimulator({ dataDir: null, seed: 7 })
  const other = await openSimulator({ dataDir: null, seed: 8 })
  const facts = (simulator: typeof first): unknown => {
    const { account, contacts, groups } = simulator.world.state()
    return [account, contacts, groups, simulator.world.messages().map(({ id, body }) => [id, body])]
  }
  expect(facts(twin)).toEqual(facts(first))
  expect(facts(other)).not.toEqual(facts(first))
  const { id } = await first.world.write({ from: '15550001101', text: 'kept' })
  first.world.addContact({ phone: '15550001888', name: 'Neu' })
  const left = facts(first)
  await first.close()
  const again = await openSimulator({ dataDir: directory, seed: 7 })
  expect(facts(again)).toEqual(left)
  expect(again.chromiumArgs[1]).toBe(first.chromiumArgs[1])
  const next = await again.world.write({ from: '15550001101', text: 'kept' })
  expect(next.id).not.toBe(id)
  for (const simulator of [again, twin, other]) await simulator.close()
})
