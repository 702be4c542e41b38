/** The time at which a message came in, in its own text: both processes have the same clock. */
import type { Jid } from '../../src/model/ids.ts'
import { addressOf } from '../archive/recording.ts'

/** The chats in which messages come in, and which are read. */
export const BUSY = 50

export function busyChat(index: number): Jid {
  return addressOf(index)
}

const now = () => performance.timeOrigin + performance.now()

export function stamp(): string {
  return `came in at ${now().toFixed(3)}.`
}

/** Milliseconds since the stamp in this text; null if it has none. */
export function since(text: string): number | null {
  const at = /came in at ([\d.]+)\./.exec(text)?.[1]
  return at === undefined ? null : now() - Number(at)
}
