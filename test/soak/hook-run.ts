/**
 * A receiver of webhooks that fails now and then, and is away for a while, while the server that calls it is killed again and
 * again (G16). At the end the event log says what it must have. On the loopback only; nothing stays behind.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createRandom } from '../../simulator/service/random.ts'
import { readArchive } from '../archive-rows.ts'
import { openReceiver, type Received, type Receiver, status, verify } from '../webhook-receiver.ts'
import { waitFor } from './server-process.ts'
import { openStage } from './stage.ts'
import { createTraffic } from './traffic.ts'

export type HookRunOptions = {
  /** Messages that are written in all. */
  messages: number
  kills: number
  seed: number
  /** The share of requests that the receiver refuses, in percent. */
  refused: number
  /** Waiting at the end for what is tried again. */
  limitMs: number
  /** Hears of every kill. */
  say?: (line: string) => void
}

export type HookRun = {
  events: number
  /** Requests that arrived, of which some were refused. */
  requests: number
  /** Events that were delivered more than once. */
  twice: number
  /** What was lost, changed, disordered or not signed. */
  problems: string[]
}

const BURST = 10
const KINDS = ['message.received', 'message.sent']
const placeOf = (id: string) => Number(id.split('-')[1])

/** Rejects where the session does not come back, or not everything is delivered in time. */
export async function hookRun({
  messages,
  kills,
  seed,
  refused,
  limitMs,
  say,
}: HookRunOptions): Promise<HookRun> {
  const receiver = await openReceiver()
  const before = process.env.WHATSAPP_WEBHOOK_ALLOWED_ORIGINS
  // Servers have the environment of this process.
  process.env.WHATSAPP_WEBHOOK_ALLOWED_ORIGINS = receiver.origin
  const stage = await openStage(seed)
  try {
    const random = createRandom(seed)
    const traffic = createTraffic(stage.world, random)
    await stage.linkForGood()
    const response = await fetch(`${stage.server().url()}/api/webhooks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url: receiver.url, kinds: KINDS }),
    })
    const { secret }: { secret: string } = JSON.parse(await response.text())
    const unsigned: string[] = []
    /** Signatures hold for five minutes, and a run is longer. */
    const answering =
      (code: () => number): Receiver['answer'] =>
      (answer, request) => {
        if (!isSigned(request, secret)) unsigned.push(request.id)
        status(code())(answer)
      }
    receiver.answer = answering(() => (random.between(0, 99) < refused ? 500 : 200))
    const each = Math.floor(messages / (kills + 1))
    for (let kill = 0; kill < kills; kill += 1) {
      await traffic.burst(BURST)
      const more = traffic.burst(each - BURST)
      // While it delivers, however slow the computer is.
      const arrived = receiver.requests.length
      await waitFor('a delivery', limitMs, () => (receiver.requests.length > arrived ? true : null))
      await sleep(random.between(0, 150))
      await stage.server().kill()
      await more
      // Now and then the receiver is away too.
      const isAway = kill % 4 === 3
      if (isAway) await receiver.stop()
      stage.start()
      await stage.ready(stage.server().startedAt)
      if (isAway) await receiver.start()
      say?.(`killed ${kill + 1} of ${kills}, ${receiver.delivered().length} delivered`)
    }
    await traffic.burst(messages - each * kills)
    receiver.answer = answering(() => 200)
    const { archive } = await stage.synced()
    const logged = () =>
      readArchive(archive?.file ?? '', ({ events }) => events.after(0, 10_000_000))
        .filter(({ kind }) => KINDS.includes(kind))
        .map(({ cursor }) => cursor)
    const got = () => new Set(receiver.delivered().map(({ id }) => placeOf(id)))
    await waitFor('everything delivered', limitMs, () => (got().size >= logged().length ? true : null))
    await stage.stop()
    return judge(receiver, { logged: logged(), written: traffic.written(), unsigned })
  } finally {
    if (before === undefined) delete process.env.WHATSAPP_WEBHOOK_ALLOWED_ORIGINS
    else process.env.WHATSAPP_WEBHOOK_ALLOWED_ORIGINS = before
    await stage.close()
    await receiver.stop()
  }
}

function isSigned(request: Received, secret: string): boolean {
  try {
    return verify(request, secret) !== null
  } catch {
    return false
  }
}

/** `unsigned`: ids of the requests that were not signed. */
type Expected = { logged: readonly number[]; written: number; unsigned: readonly string[] }

function judge({ requests, delivered }: Receiver, { logged, written, unsigned }: Expected): HookRun {
  const first = delivered()
  const bodies = new Map<string, Set<string>>()
  for (const { id, body } of requests) bodies.set(id, (bodies.get(id) ?? new Set()).add(body))
  const times = new Map<string, number>()
  for (const { id } of requests) times.set(id, (times.get(id) ?? 0) + 1)
  const got = new Set(first.map(({ id }) => placeOf(id)))
  const chats = new Map<string, number[]>()
  for (const { id, event } of first) {
    const chat = event.chat?.id ?? ''
    chats.set(chat, [...(chats.get(chat) ?? []), placeOf(id)])
  }
  const isSorted = (places: readonly number[]) => places.every((place, at) => place > (places[at - 1] ?? 0))
  const problems = [
    ...(logged.length === written ? [] : [`${logged.length} events for ${written} messages`]),
    ...logged.filter((place) => !got.has(place)).map((place) => `event ${place} was not delivered`),
    ...[...bodies]
      .filter(([, all]) => all.size > 1)
      .map(([id, all]) => `the body of ${id} changed: ${[...all].join(' -> ')}`),
    ...unsigned.map((id) => `${id} is not signed`),
    ...[...chats.values()].filter((places) => !isSorted(places)).map(() => 'a chat was not in order'),
  ]
  const twice = [...times.values()].filter((count) => count > 1).length
  return { events: logged.length, requests: requests.length, twice, problems }
}
