import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { sweepLeftovers } from './leftovers.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-leftovers-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const put = (...names: string[]) => {
  for (const name of names) writeFileSync(join(dir, name), name)
}

it('what was left is removed, and nothing else', () => {
  const kept = ['1.db', '1.db-wal', '1.db.key.json', '2.db.key.json', 'notes.txt', '3.db.newer']
  put(...kept, '1.db.replaced', '1.db.new', '1.db.new-wal', '1.db.key.json.new', '4.db.new.key.json')
  expect(sweepLeftovers(dir)).toEqual([])
  expect(readdirSync(dir).sort()).toEqual(kept.sort())
})

it('a file that cannot be removed is named, and the rest is removed', () => {
  put('1.db', '2.db.new')
  // Nobody removes a folder as if it were a file.
  mkdirSync(join(dir, '1.db.replaced'))
  expect(sweepLeftovers(dir)).toEqual(['1.db.replaced'])
  expect(readdirSync(dir).sort()).toEqual(['1.db', '1.db.replaced'])
})

it('an archive whose place was not taken gets its name back', () => {
  put('1.db.replaced')
  expect(sweepLeftovers(dir)).toEqual([])
  expect([existsSync(join(dir, '1.db')), readdirSync(dir).length]).toEqual([true, 1])
})
