/** What linked devices do to messages: the real, unmodified whatsapp-web.js, and its silent wrong answers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type wweb from 'whatsapp-web.js'
import { amara, families, openScene, type Scene } from './scene.ts'

// Builds since July 2026 have no `_serialized`: there, the library finds no message (wwebjs#201830).
describe.each(families.slice(0, 1))('build %s', (build) => {
  let scene: Scene
  beforeAll(async () => {
    scene = await openScene({ build })
  })
  afterAll(() => scene.close())

  const world = (id: string) => scene.world.messages().find((one) => one.id === id)
  /** A message in the page, as the library has it. */
  const held = async (id: string): Promise<wweb.Message> =>
    scene.library.event<wweb.Message>('message_create', (message) => message.id.id === id)
  const mine = async (text: string, ageS = 0): Promise<wweb.Message> => {
    const t = Math.floor(Date.now() / 1000) - ageS
    return held((await scene.world.writeFromPhone({ chat: amara, text, t })).id)
  }

  it('reacts, stars, pins and edits, seen by the phone and by the page', async () => {
    const message = await mine('at 5')
    await message.react('🎉')
    await message.star()
    expect(await message.pin(86_400)).toBe(true)
    await message.edit('at 6')
    await expect
      .poll(() => world(message.id.id))
      .toMatchObject({
        body: 'at 6',
        starred: true,
        pinned: { by: '15550001000@c.us' },
        reactions: [{ emoji: '🎉', by: '15550001000@c.us' }],
      })
    await expect.poll(async () => (await scene.message(message.id.id))?.star).toBe(true)
    await scene.world.star({ id: message.id.id, starred: false })
    await expect.poll(async () => (await scene.message(message.id.id))?.star).toBe(false)
  })

  it('delete(true) deletes for me what it cannot delete for everyone', async () => {
    const message = await mine('too old', 3 * 86_400)
    await message.delete(true)
    await expect.poll(() => world(message.id.id)).toBeUndefined()
  })

  it('edit() of a message that is too old is null', async () => {
    const message = await mine('too old', 3_000)
    expect(await message.edit('new')).toBeNull()
    expect(world(message.id.id)?.body).toBe('too old')
  })
})
