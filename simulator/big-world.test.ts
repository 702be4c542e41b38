/** A page on a world of 5,000 chats: it comes in pieces, quickly, with the newest message of each chat. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openScene, type Scene } from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
  await scene.world.seedHistory({ chats: 5000, messages: 1_000_000, groups: 500 })
})
afterAll(() => scene.close())

it('a page that runs learns of the chats at once', async () => {
  const newest = scene.world.chats().find((chat) => chat.messageCount > 100)
  expect(newest).toBeDefined()
  await expect.poll(() => scene.keys(newest?.id ?? '')).toHaveLength(1)
})

it('is ready again in a few seconds, and lists every chat as the phone does', async () => {
  const start = performance.now()
  await scene.restart(async () => {})
  // A few seconds; on a busy machine, the start of the browser alone takes several times as long.
  expect(performance.now() - start).toBeLessThan(60_000)
  const chats = await scene.library.client.getChats()
  const truth = scene.world.chats()
  expect(chats).toHaveLength(truth.length)
  const byId = new Map(truth.map((chat) => [chat.id, chat]))
  for (const chat of chats) {
    const wanted = byId.get(chat.id._serialized)
    expect([chat.timestamp, chat.unreadCount, chat.archived]).toEqual([
      wanted?.t,
      wanted?.unreadCount,
      wanted?.archived,
    ])
  }
})

it('groups take 50 ms each, ten at once, and one rejects all the same', async () => {
  await scene.world.setFault({ name: 'group_metadata_takes', value: { ms: 50, atOnce: 10 } })
  const start = performance.now()
  await scene.library.client.getChats()
  expect(performance.now() - start).toBeGreaterThan((500 * 50) / 10)
  const [group] = scene.world.state().groups
  await scene.world.setFault({ name: 'group_metadata', value: { mode: 'rejects', id: group?.id } })
  await expect(scene.library.client.getChats()).rejects.toThrow()
  await scene.world.clearFaults()
})

it('a long history comes page by page, without gap or repetition, notices among it', async () => {
  const [chat] = scene.world
    .chats()
    .filter((one) => one.id.endsWith('@g.us') && one.messageCount > 300 && one.messageCount < 2000)
  const truth = scene.world.messages({ chat: chat?.id ?? '' })
  expect(truth).toHaveLength(chat?.messageCount ?? 0)
  const loaded: string[] = []
  for (;;) {
    const page = await scene.loadEarlier(chat?.id ?? '')
    if (page.length === 0) break
    loaded.unshift(...page)
  }
  expect([...loaded, truth.at(-1)?.id]).toEqual(truth.map(({ id }) => id))
  expect(await scene.loadEarlier(chat?.id ?? '')).toEqual([])
  expect(scene.world.state().refusals).toEqual([])
})

it('some groups have whole pages that hold nothing but notices', () => {
  const groups = scene.world.chats().filter((chat) => chat.id.endsWith('@g.us') && chat.messageCount > 230)
  const trap = groups
    .map((chat) => scene.world.messages({ chat: chat.id }).slice(40, 110))
    .find((page) => page.every(({ type }) => type === 'gp2'))
  expect(trap).toHaveLength(70)
})
