/** The space that is kept for the control database, on a disk that is full. */
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openSmallDisk } from '../../test/soak/small-disk.ts'
import { createTestClock, type TestClock } from '../../test/test-clock.ts'
import { openControl } from './open-control.ts'
import { openReserve, RESERVE_BYTES, type Reserve } from './reserve.ts'

let dir: string
let clock: TestClock
let close: () => void

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-reserve-'))
  clock = createTestClock()
  close = () => {}
})
afterEach(() => {
  close()
  rmSync(dir, { recursive: true, force: true })
})

const sizeOf = (file: string) => statSync(file).size
function open(file: string): Reserve {
  const reserve = openReserve(file, clock)
  close = () => reserve.close()
  return reserve
}

it('is given back piece by piece, and made again', () => {
  const file = join(dir, 'reserve')
  const reserve = open(file)
  expect(sizeOf(file)).toBe(RESERVE_BYTES)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  let pieces = 0
  while (reserve.release()) pieces += 1
  expect([pieces, sizeOf(file)]).toEqual([16, 0])
  clock.advance(5_000)
  expect(sizeOf(file)).toBe(RESERVE_BYTES)
})

it('is made once the disk has room for others too', (context) => {
  const disk = openSmallDisk(24, dir)
  if (typeof disk === 'string') return context.skip(disk)
  try {
    disk.fill(8 * 1024 ** 2)
    const file = join(disk.path, 'reserve')
    open(file)
    clock.advance(5_000)
    expect(sizeOf(file)).toBe(0)
    disk.free()
    clock.advance(5_000)
    expect(sizeOf(file)).toBe(RESERVE_BYTES)
  } finally {
    close()
    disk.close()
    mkdirSync(dir)
  }
})

it('lets the control database be written on a full disk until it is used up', async (context) => {
  const disk = openSmallDisk(32, dir)
  if (typeof disk === 'string') return context.skip(disk)
  try {
    const archives = join(disk.path, 'archives')
    mkdirSync(archives)
    const control = openControl({ file: join(disk.path, 'control.db'), archives, secret: null, clock })
    const write = (key: string) =>
      control.requests.begin({ caller: 'owner', account: 'default', operation: 'send_message', key }, 'hash')
    await write('first')
    let written = 0
    let refusal: unknown
    while (refusal === undefined) {
      // Another program takes whatever is given back.
      disk.fill()
      await write(`${written}`).then(
        () => (written += 1),
        (error) => (refusal = error),
      )
    }
    expect(refusal).toMatchObject({ code: 'control_unavailable', message: expect.stringContaining('full') })
    expect(written).toBeGreaterThanOrEqual(16)
    disk.free()
    expect(await write('last')).toBeNull()
    // What was accepted is there, and what was refused is not.
    expect(await write(`${written - 1}`)).toMatchObject({ input: 'hash' })
    expect(await write(`${written}`)).toBeNull()
    await control.close()
  } finally {
    disk.close()
    mkdirSync(dir)
  }
})
