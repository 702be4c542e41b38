/** Memory of bytes that pass through this process, such as media: freed while they pass, before it adds up. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * V8 counts buffers beside its heap, and by itself lets 32 MB of dead ones lie before it collects them. A collection of the young
 * ones takes a millisecond or two.
 */
const BYTES = 2 * 2 ** 20

setFlagsFromString('--expose-gc')
/** Runs the garbage collector. Node offers no other way to it. The flag applies to contexts that are created later. */
const collect: (options: { type: 'minor' }) => void = runInNewContext('gc')
setFlagsFromString('--no-expose-gc')

let passed = 0

/** Call it for each piece that passed. Never fails. @param bytes its length */
export function notePassed(bytes: number): void {
  passed += bytes
  if (passed < BYTES) return
  passed = 0
  collect({ type: 'minor' })
}
