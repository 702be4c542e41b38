/** How much memory dead buffers hold while bytes pass. */
import { expect, it } from 'vitest'
import { notePassed } from './passing-bytes.ts'

const MIB = 2 ** 20
const PIECE = MIB / 16

/** The most that buffers held beyond the beginning, in MiB, while 64 MiB of pieces passed that nobody keeps. */
function mostHeld(note: (bytes: number) => void): number {
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  for (let at = 0; at < 64 * MIB; at += PIECE) {
    const piece = Buffer.alloc(PIECE, at)
    note(piece.length)
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  }
  return most / MIB
}

it('pieces that passed are freed within a few MiB, which V8 alone does not do', () => {
  // What was dead before is not counted.
  notePassed(2 * MIB)
  expect(mostHeld(() => {})).toBeGreaterThan(16)
  mostHeld(notePassed)
  expect(mostHeld(notePassed)).toBeLessThan(8)
})

it('no other code gets at the collector', () => {
  expect(Reflect.get(globalThis, 'gc')).toBeUndefined()
})
