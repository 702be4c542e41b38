/** What happens to messages after they were written, as the stock library hears it and as a later page shows it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type wweb from 'whatsapp-web.js'
import { amara, families, jurgen, olena, openScene, type Scene } from './scene.ts'

describe.each(families)('build %s', (build) => {
  let scene: Scene
  beforeAll(async () => {
    scene = await openScene({ build })
  })
  afterAll(() => scene.close())

  const isAbout =
    (id: string) =>
    (message: wweb.Message): boolean =>
      message.id.id === id

  /** Written by Amara, and in the page. */
  const hear = async (text: string): Promise<string> => {
    const { id } = await scene.world.write({ from: amara, text })
    await scene.library.event<wweb.Message>('message_create', isAbout(id))
    return id
  }

  it('an edit is message_edit with both texts, and names its time and key', async () => {
    const id = await hear('frist')
    await scene.world.edit({ id, text: 'first' })
    await scene.library.event<wweb.Message>('message_edit', isAbout(id))
    const edit = scene.library.events.findLast(({ name }) => name === 'message_edit')
    expect(edit?.args.slice(1)).toEqual(['first', 'frist'])
    const held = await scene.message(id)
    expect(held).toMatchObject({ body: 'first', latestEditMsgKey: { fromMe: false } })
    expect(held?.latestEditSenderTimestampMs).toBeGreaterThan(1_700_000_000_000)
    expect(held?.latestEditMsgKey).not.toMatchObject({ id })
  })

  it('an own edit on the phone, and one of a caption', async () => {
    const own = await scene.world.writeFromPhone({ chat: amara, text: 'at 5' })
    await scene.library.event<wweb.Message>('message_create', isAbout(own.id))
    await scene.world.edit({ id: own.id, text: 'at 6' })
    await expect.poll(async () => (await scene.message(own.id))?.body).toBe('at 6')
    const photo = await scene.world.writeContent({
      from: amara,
      content: { type: 'image', caption: 'our cta' },
    })
    await scene.library.event<wweb.Message>('message_create', isAbout(photo.id))
    await scene.world.edit({ id: photo.id, text: 'our cat' })
    await scene.library.event<wweb.Message>('message_edit', isAbout(photo.id))
    expect((await scene.message(photo.id))?.caption).toBe('our cat')
  })

  it('deleted for everyone: revoked, without its text, under the key of the deletion', async () => {
    const id = await hear('a secret')
    const key = (await scene.message(id))?.key
    const unread = (): number | undefined =>
      scene.world.chats().find((chat) => chat.id === `${amara}@c.us`)?.unreadCount
    const before = unread() ?? 0
    const revoked = await scene.world.revoke({ id })
    const after = await scene.library.event<wweb.Message>('message_revoke_everyone')
    expect(after.type).toBe('revoked')
    expect(unread()).toBe(before - 1)
    expect(await scene.chat(`${amara}@c.us`)).toMatchObject({ unreadCount: before - 1 })
    expect(after.body).toBe('')
    expect(after.id.id).toBe(revoked.revokedAs)
    expect(await scene.message(id)).toBeNull()
    expect(await scene.message(revoked.revokedAs ?? '')).toMatchObject({
      type: 'revoked',
      subtype: 'sender',
      protocolMessageKey: key,
    })
    const event = scene.library.events.findLast(({ name }) => name === 'message_revoke_everyone')
    expect(event?.args[1]).toMatchObject({ body: 'a secret' })
    expect(scene.world.messages({ chat: amara }).at(-1)).toMatchObject({ id, type: 'revoked', body: '' })
  })

  it('a group admin deletes; others may not; one that no page holds gives no event', async () => {
    const [hike] = scene.world.state().groups
    const chat = hike?.id ?? ''
    const before = scene.library.count('message_revoke_everyone')
    const [oldest] = scene.world.messages({ chat })
    await scene.world.revoke({ id: oldest?.id ?? '' })
    const { id } = await scene.world.write({ from: jurgen, text: 'spam', chat })
    await scene.library.event<wweb.Message>('message_create', isAbout(id))
    await expect(scene.world.revoke({ id, by: olena })).rejects.toThrow('may not delete')
    const { revokedAs } = await scene.world.revoke({ id, by: amara })
    await expect.poll(() => scene.library.count('message_revoke_everyone')).toBe(before + 1)
    expect(await scene.message(revokedAs ?? '')).toMatchObject({ subtype: 'admin' })
  })

  it('deleted for me: gone from the page and from the account', async () => {
    const id = await hear('typo')
    await scene.world.deleteForMe({ ids: [id] })
    await scene.library.event<wweb.Message>('message_revoke_me', isAbout(id))
    expect(await scene.message(id)).toBeNull()
    expect(scene.world.messages({ chat: amara }).some((message) => message.id === id)).toBe(false)
  })

  it('reactions by several people and by the phone, changed, and taken back', async () => {
    const id = await hear('I got the job!')
    const { world, library } = scene
    type Heard = { reaction: string; senderId: string; msgId: { id: string }; timestamp: number }
    const reactions = (): Heard[] =>
      library.events.filter(({ name }) => name === 'message_reaction').map(({ args }) => args[0] as Heard)
    await world.react({ id, by: amara, emoji: '🎉' })
    await world.react({ id, by: 'me', emoji: '🎉' })
    await world.react({ id, by: amara, emoji: '❤️' })
    await expect.poll(() => reactions().length).toBe(3)
    expect(reactions().map(({ reaction, senderId }) => [reaction, senderId])).toEqual([
      ['🎉', `${amara}@c.us`],
      ['🎉', '15550001000@c.us'],
      ['❤️', `${amara}@c.us`],
    ])
    expect(reactions()[0]?.msgId.id).toBe(id)
    expect(reactions()[0]?.timestamp).toBeLessThan(10_000_000_000)
    expect((await scene.message(id))?.hasReaction).toBe(true)
    await world.react({ id, by: amara, emoji: '' })
    await expect.poll(() => reactions().at(-1)?.reaction).toBe('')
    await world.react({ id, by: 'me', emoji: '' })
    await expect.poll(async () => (await scene.message(id))?.hasReaction).toBe(false)
    expect(world.messages({ chat: amara }).find((message) => message.id === id)?.reactions).toBeUndefined()
  })

  it('what happened while no page was there: the next one shows it, without an event', async () => {
    const texts = ['to be edited', 'to be deleted', 'to be forgotten', 'to be liked']
    const ids: string[] = []
    for (const text of texts) ids.push(await hear(text))
    const [edited = '', revoked = '', forgotten = '', liked = ''] = ids
    await scene.restart(async () => {
      await scene.world.edit({ id: edited, text: 'edited' })
      await scene.world.revoke({ id: revoked })
      await scene.world.deleteForMe({ ids: [forgotten] })
      await scene.world.react({ id: liked, by: amara, emoji: '👍' })
      await scene.world.react({ id: liked, by: 'me', emoji: '👍' })
    })
    await scene.loadEarlier(`${amara}@c.us`)
    expect(await scene.message(edited)).toMatchObject({ body: 'edited' })
    expect(await scene.message(forgotten)).toBeNull()
    expect(await scene.message(liked)).toMatchObject({ hasReaction: true })
    const key = scene.world.messages({ chat: amara }).find(({ id }) => id === revoked)?.revokedAs ?? ''
    expect(await scene.message(key)).toMatchObject({ type: 'revoked' })
    const names = scene.library.events.map(({ name }) => name)
    expect(names.filter((name) => /edit|revoke|reaction|message_create/.test(name))).toEqual([])
    if (build === families[0]) {
      const message = await scene.library.client.getMessageById(`false_${amara}@c.us_${liked}`)
      const [list] = await message.getReactions()
      expect(list).toMatchObject({ aggregateEmoji: '👍', hasReactionByMe: true })
      expect(list?.senders.map(({ senderId }) => senderId)).toEqual([`${amara}@c.us`, '15550001000@c.us'])
    }
  })

  it('what happened during a lost connection comes as events once it is back', async () => {
    const id = await hear('still there?')
    await scene.world.setFault({ name: 'offline', value: true })
    await expect.poll(() => scene.world.state().devices[0]?.online).toBe(false)
    await scene.world.edit({ id, text: 'are you still there?' })
    await scene.world.react({ id, by: amara, emoji: '⏰' })
    await scene.world.clearFaults()
    await scene.library.event<wweb.Message>('message_edit', isAbout(id))
    await scene.library.event('message_reaction')
  })

  it('nothing was refused', () => {
    expect(scene.world.state().refusals).toEqual([])
  })
})
