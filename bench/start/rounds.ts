/** What is measured: a link from nothing, a restart on the saved session, and what a ready session does and costs. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Contestant, SendKind } from './contestants.ts'
import type { Stage } from './place.ts'
import { type Memory, readMemory } from './processes.ts'

/** After `ready`, until memory is read: the browser still tidies up. */
const SETTLE_MS = 1_000

/** ms from the start of the process, but for `scanToReady`. */
export type StartFigures = {
  up: number
  qr: number
  scanToReady: number
  savedToReady: number
  ready: Memory
}

export type SendFigures = Partial<Record<SendKind, number[]>>

/** Link, end, start again; the contestant that was started last is left running and ready. */
export async function measureStart(stage: Stage): Promise<StartFigures & { contestant: Contestant }> {
  const first = await stage.start()
  const { startedAt } = first.child
  const up = await first.up()
  const connected = first.connect()
  const qr = await first.qr()
  await connected
  const scannedAt = performance.now()
  await stage.world().scan()
  const linked = await first.ready()
  // A profile is kept by a browser that may finish writing.
  await first.end()
  const second = await stage.start()
  const again = await second.ready()
  return {
    up: up - startedAt,
    qr: qr - startedAt,
    scanToReady: linked - scannedAt,
    savedToReady: again - second.child.startedAt,
    ready: await measureMemory(second),
    contestant: second,
  }
}

/** Texts to the double's first contact, one after the other; ms of each, by kind. */
export async function measureSends(
  stage: Stage,
  contestant: Contestant,
  options: { sends: number; kinds: readonly SendKind[] },
): Promise<SendFigures> {
  const phone = firstPhone(stage)
  const figures: SendFigures = {}
  for (const kind of options.kinds) {
    const times: number[] = []
    for (let i = 0; i < options.sends; i++) times.push(await contestant.send(phone, `text ${i}`, kind))
    figures[kind] = times
  }
  return figures
}

/** Texts from the double's first contact, each written when the one before was reported; ms of each. */
export async function measureInbound(
  stage: Stage,
  contestant: Contestant,
  messages: number,
): Promise<number[]> {
  const from = firstPhone(stage)
  const times: number[] = []
  for (let i = 0; i < messages; i++) {
    const received = contestant.received()
    const writtenAt = performance.now()
    await stage.world().write({ from, text: `question ${i}` })
    times.push((await received) - writtenAt)
  }
  return times
}

/** Memory once a contestant has come to rest. */
export async function measureMemory(contestant: Contestant): Promise<Memory> {
  await sleep(SETTLE_MS)
  return readMemory(contestant.child.pid)
}

function firstPhone(stage: Stage): string {
  const [contact] = stage.world().state().contacts
  if (contact === undefined) throw new Error('the double knows nobody')
  return contact.phone
}
