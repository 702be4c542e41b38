/** A receiver of webhooks that fails now and then, while the server that calls it is killed again and again: nothing is lost. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it, vi } from 'vitest'
import { createRandom } from '../simulator/service/random.ts'
import { readArchive } from './archive-rows.ts'
import { waitFor } from './soak/server-process.ts'
import { openStage, type Stage } from './soak/stage.ts'
import { createTraffic } from './soak/traffic.ts'
import { openReceiver, type Receiver, status, verify } from './webhook-receiver.ts'

const KILLS = 4
const LIMIT_MS = 150_000

let stage: Stage
let receiver: Receiver
afterEach(async () => {
  vi.unstubAllEnvs()
  await stage.close()
  await receiver.stop()
})

it(
  'loses no event, and keeps the order of each chat',
  async () => {
    receiver = await openReceiver()
    vi.stubEnv('WHATSAPP_WEBHOOK_ALLOWED_ORIGINS', receiver.origin)
    stage = await openStage(12)
    const random = createRandom(12)
    const traffic = createTraffic(stage.world, random)
    await stage.linkForGood()
    const response = await fetch(`${stage.server().url()}/api/webhooks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url: receiver.url, kinds: ['message.received', 'message.sent'] }),
    })
    const { secret }: { secret: string } = JSON.parse(await response.text())
    receiver.answer = (response) => status(random.between(0, 9) === 0 ? 500 : 200)(response)
    for (let kill = 0; kill < KILLS; kill += 1) {
      await traffic.burst(10)
      const more = traffic.burst(40)
      await sleep(random.between(0, 150))
      await stage.server().kill()
      await more
      stage.start()
      await stage.ready(stage.server().startedAt)
    }
    await traffic.burst(20)
    receiver.answer = status(200)
    const { archive } = await stage.synced()
    const logged = () =>
      readArchive(archive?.file ?? '', ({ events }) => events.after(0, 1_000_000)).filter(({ kind }) =>
        /received|sent/.test(kind),
      )
    const got = () => new Set(receiver.delivered().map(({ id }) => Number(id.split('-')[1])))
    await waitFor('everything delivered', 60_000, () => (got().size >= logged().length ? true : null))
    await stage.stop()
    expect(logged()).toHaveLength(traffic.written())
    expect([...got()].sort((a, b) => a - b)).toEqual(logged().map(({ cursor }) => cursor))
    for (const one of receiver.requests) verify(one, secret)
    for (const chat of new Set(receiver.delivered().map(({ event }) => event.chat?.id))) {
      const mine = receiver.delivered().filter(({ event }) => event.chat?.id === chat)
      const places = mine.map(({ id }) => Number(id.split('-')[1]))
      expect(places).toEqual([...places].sort((a, b) => a - b))
    }
  },
  LIMIT_MS,
)
