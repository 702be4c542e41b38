/** From the moment somebody writes on the double: until the library alone reports the message, and until receivers have it. */
import { newestBuildWithSerialized } from '../../simulator/builds.ts'
import type { ContestantName } from '../start/contestants.ts'
import { startLinked, urlOf } from '../start/link.ts'
import type { Stage, Stages } from '../start/place.ts'
import { ask, type Receivers, setWebhooks } from './receivers.ts'

const WARM_UP = 20
/** A message that has not come by then never will. */
const LIMIT_MS = 20_000

/** Milliseconds for each message, or for each message and receiver. */
export type Latency = { receivers: number; times: number[] }

/** whatsapp-web.js alone: its own event. */
export async function measureLibrary(stages: Stages, messages: number): Promise<number[]> {
  const stage = await open(stages, 'bare')
  const library = await startLinked(stage)
  const times: number[] = []
  for (let n = 0; n < WARM_UP + messages; n += 1) {
    const received = library.received()
    const writtenAt = performance.now()
    await write(stage, `question ${n}`)
    const at = await received
    if (n >= WARM_UP) times.push(at - writtenAt)
  }
  await stage.close()
  return times
}

/** whatsapp-web.js with a POST for each message, as wwebjs-api sends it: to one receiver. */
export async function measureBeside(
  stages: Stages,
  receivers: Receivers,
  messages: number,
): Promise<number[]> {
  const stage = await open(stages, 'bare', { WEBHOOK_URL: `${receivers.origin}/beside` })
  await startLinked(stage)
  const times = await measure(stage, receivers, { count: 1, messages })
  await stage.close()
  return times
}

/** Our server, with each of these numbers of receivers in turn: one message after the other. */
export async function measureOurs(
  stages: Stages,
  receivers: Receivers,
  { counts, messages }: { counts: readonly number[]; messages: number },
): Promise<Latency[]> {
  const stage = await open(stages, 'ours', { WHATSAPP_WEBHOOK_ALLOWED_ORIGINS: receivers.origin })
  const url = await urlOf(await startLinked(stage))
  const all: Latency[] = []
  for (const count of counts) {
    await setWebhooks(url, receivers.origin, count)
    all.push({ receivers: count, times: await measure(stage, receivers, { count, messages }) })
  }
  const { webhooks } = await ask<{ webhooks: { failing_chats: number }[] }>(`${url}/api/webhooks`)
  if (webhooks.some(({ failing_chats: failing }) => failing > 0)) throw new Error('a delivery failed')
  await stage.close()
  return all
}

async function measure(
  stage: Stage,
  receivers: Receivers,
  { count, messages }: { count: number; messages: number },
): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; n < WARM_UP + messages; n += 1) {
    const text = `question ${count} ${n}.`
    const arrivals: number[] = []
    const all = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('a delivery did not come')), LIMIT_MS)
      receivers.heard = (body, at) => {
        if (!body.includes(text) || arrivals.push(at) < count) return
        clearTimeout(timer)
        resolve()
      }
    })
    const writtenAt = performance.now()
    await write(stage, text)
    await all
    if (n >= WARM_UP) times.push(...arrivals.map((at) => at - writtenAt))
  }
  return times
}

const open = (stages: Stages, name: ContestantName, env: Record<string, string> = {}) =>
  stages.open({ name, build: newestBuildWithSerialized.name, pace: 'none', seed: 5, env })

async function write(stage: Stage, text: string): Promise<void> {
  const [contact] = stage.world().state().contacts
  if (contact === undefined) throw new Error('the double knows nobody')
  await stage.world().write({ from: contact.phone, text })
}
