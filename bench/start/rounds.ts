/** What is measured: a link from nothing, a restart on the saved session, and what a ready session does and costs. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Contestant, SendKind } from './contestants.ts'
import type { Stage } from './place.ts'
import { type Memory, readCpuMs, readMemory } from './processes.ts'

/** After `ready`, until memory is read: the browser still tidies up. */
const SETTLE_MS = 1_000
/** After the answer to a send, until its processor time is read: the outcome is written then. */
export const AFTER_SEND_MS = 30

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

/** A send: ms until the answer, and the processor time that it cost the Node process. */
export type SendCost = { ms: number; cpuMs: number }
export type SendPair = { ours: SendCost; bare: SendCost }

/** Texts in pairs, one of each contestant; the order within a pair alternates, so that whatever slows this machine slows both. */
export async function measureSendPairs(
  contestants: Record<'ours' | 'bare', { stage: Stage; contestant: Contestant }>,
  pairs: number,
): Promise<SendPair[]> {
  const send = async (name: 'ours' | 'bare', text: string): Promise<SendCost> => {
    const { stage, contestant } = contestants[name]
    const before = readCpuMs(contestant.child.pid)
    const ms = await contestant.send(firstPhone(stage), text, 'same_work')
    await sleep(AFTER_SEND_MS)
    return { ms, cpuMs: readCpuMs(contestant.child.pid) - before }
  }
  const measured: SendPair[] = []
  for (let pair = 0; pair < pairs; pair += 1) {
    const text = `pair ${pair}`
    const first = pair % 2 === 0 ? await send('ours', text) : null
    const bare = await send('bare', text)
    measured.push({ ours: first ?? (await send('ours', text)), bare })
  }
  return measured
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
