/** What a page missed: silently, as late events, or a mixture; also when the same page comes back. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import type wweb from 'whatsapp-web.js'
import { amara, openScene, type Scene } from './scene.ts'

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene.close())

const bodies = (): string[] =>
  scene.library.events
    .filter(({ name }) => name === 'message_create')
    .map(({ args }) => (args[0] as wweb.Message).body)

const writeMany = async (): Promise<void> => {
  for (const text of ['1', '2', '3', '4']) await scene.world.write({ from: amara, text })
}
const allDelivered = (): boolean =>
  scene.world.messages({ chat: amara }).every(({ deliveredTo }) => Object.values(deliveredTo).every(Boolean))

it('silent: no event, and yet it is there', async () => {
  await scene.restart(writeMany)
  await expect.poll(allDelivered).toBe(true)
  expect(bodies()).toEqual([])
  expect((await scene.keys(`${amara}@c.us`)).length).toBeGreaterThanOrEqual(4)
})

it('late: events in order after the start, and the chat counts them once', async () => {
  await scene.world.readChat({ chat: amara })
  await scene.world.setFault({ name: 'backlog_late', value: true })
  await scene.restart(writeMany)
  await expect.poll(bodies).toEqual(['1', '2', '3', '4'])
  await expect.poll(allDelivered).toBe(true)
  expect(await scene.chat(`${amara}@c.us`)).toMatchObject({ unreadCount: 4 })
  const live = await scene.world.write({ from: amara, text: '5' })
  await scene.library.event<wweb.Message>('message_create', ({ id }) => id.id === live.id)
  expect(bodies()).toEqual(['1', '2', '3', '4', '5'])
})

it('a mixture: every second one is late', async () => {
  await scene.world.setFault({ name: 'backlog_late', value: { share: 0.5 } })
  await scene.restart(writeMany)
  await expect.poll(bodies).toEqual(['2', '4'])
  await expect.poll(allDelivered).toBe(true)
})

it('late and deaf: the page has them, the client that listens too late does not', async () => {
  await scene.world.setFault({ name: 'backlog_late', value: true })
  await scene.world.setFault({ name: 'backlog_deaf', value: true })
  await scene.restart(writeMany)
  await expect.poll(allDelivered).toBe(true)
  expect(bodies()).not.toContain('1')
})

it.each([
  [true, ['1', '2', '3', '4']],
  [false, []],
])('the same page comes back, late %s', async (late, wanted) => {
  await scene.world.setFault({ name: 'backlog_late', value: late })
  await scene.world.setFault({ name: 'offline', value: true })
  await expect.poll(() => scene.world.state().devices[0]?.online).toBe(false)
  await writeMany()
  await scene.world.setFault({ name: 'offline', value: false })
  await expect.poll(allDelivered).toBe(true)
  // Receipts and events leave the browser on different ways.
  await expect.poll(bodies).toEqual(wanted)
  expect(scene.world.state().refusals).toEqual([])
})
