import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as poll } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createLog } from '../log.ts'
import { openAccountDir } from './account-dir.ts'

const SIZE = 32 * 2 ** 20

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-account-dir-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

it('removes archives after overwriting them, while other work runs', async () => {
  const own = join(dir, 'own')
  const places = { own, profile: join(dir, 'session-work'), archives: join(own, 'archives') }
  const account = openAccountDir(dir, places, createLog({ level: 'silent' }))
  const file = account.archiveOf('15550001000@c.us')
  writeFileSync(file, Buffer.alloc(SIZE, 'x'))
  // Keeps the blocks of the removed file readable.
  const fd = openSync(file, 'r')
  let polls = 0
  let isRemoved = false
  const removal = account.remove({ archives: true }).then(() => {
    isRemoved = true
  })
  for (; !isRemoved; polls += 1) await poll()
  await removal
  const last = Buffer.alloc(4_096)
  readSync(fd, last, 0, last.length, SIZE - last.length)
  closeSync(fd)
  expect(last.every((byte) => byte === 0)).toBe(true)
  expect([existsSync(own), existsSync(places.profile)]).toEqual([false, false])
  // A piece of the archive is overwritten in each.
  expect(polls).toBeGreaterThan(SIZE / 2 ** 20)
})

it('has no session once its owner has deleted the profile', () => {
  const own = join(dir, 'own')
  const places = { own, profile: join(dir, 'session-work'), archives: join(own, 'archives') }
  const open = () => openAccountDir(dir, places, createLog({ level: 'silent' }))
  const first = open()
  mkdirSync(join(places.profile, 'Default'))
  first.rememberAccount('15550001000@c.us')
  first.save({ linked_at: 'x', wid: '15550001000@c.us' })
  expect(open().saved()).not.toBeNull()
  rmSync(places.profile, { recursive: true })
  const reset = open()
  expect([reset.saved(), existsSync(join(own, 'session.json'))]).toEqual([null, false])
  // Its archive stays.
  expect(reset.account()).toBe('15550001000@c.us')
})
