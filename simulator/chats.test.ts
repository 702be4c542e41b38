/**
 * Chats, contacts and groups under the phone's hand, as events of the page and as a later page shows them.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type wweb from 'whatsapp-web.js'
import { amara, families, jurgen, ming, olena, openScene, type Scene } from './scene.ts'

let scene: Scene
const chat = `${amara}@c.us`
/** Tomorrow, Unix seconds. */
const until = Math.floor(Date.now() / 1000) + 86_400

describe.each(families)('chats on build %s', (build) => {
  beforeAll(async () => {
    scene = await openScene({ build })
    await scene.watch('Chat', 'change:archive change:pin change:muteExpiration change:unreadCount remove add')
  })
  afterAll(() => scene.close())

  it('archive, pin, mute, unread and read fire once each', async () => {
    const { world } = scene
    await world.pinChat({ chat, pinned: true })
    await world.archiveChat({ chat, archived: true })
    await world.muteChat({ chat, until: -1 })
    await world.markUnread({ chat })
    await expect
      .poll(() => scene.chat(chat))
      .toMatchObject({
        archive: true,
        pin: 0,
        muteExpiration: -1,
        mutedUntil: -1,
        unreadCount: -1,
      })
    await world.archiveChat({ chat, archived: false })
    await world.muteChat({ chat, until })
    await world.readChat({ chat })
    await expect
      .poll(() => scene.chat(chat))
      .toMatchObject({
        archive: false,
        muteExpiration: until,
        mutedUntil: until,
        unreadCount: 0,
      })
    const heard = (await scene.heard()).filter(([, id]) => id === chat).map(([event]) => event)
    expect(heard).toEqual([
      'change:pin',
      'change:archive',
      'change:pin',
      'change:muteExpiration',
      'change:unreadCount',
      'change:archive',
      'change:muteExpiration',
      'change:unreadCount',
    ])
    expect(world.chats().find(({ id }) => id === chat)).toMatchObject({ muteExpiration: until, pinned: 0 })
  })

  it('an empty chat, and a deleted one', async () => {
    const { world } = scene
    world.addContact({ phone: '15550001777', name: 'Zoë' })
    await world.openChat({ chat: '15550001777' })
    await expect.poll(() => scene.chat('15550001777@c.us')).toMatchObject({ unreadCount: 0, name: 'Zoë' })
    expect(await scene.keys('15550001777@c.us')).toEqual([])
    await world.deleteChat({ chat: jurgen })
    await expect.poll(scene.heard).toContainEqual(['remove', `${jurgen}@c.us`])
    expect(world.messages({ chat: jurgen })).toEqual([])
    expect(world.chats().some(({ id }) => id === `${jurgen}@c.us`)).toBe(false)
  })

  it('the chat with oneself: keys end in _out', async () => {
    const { id } = await scene.world.writeFromPhone({ chat: 'me', text: 'note' })
    await expect.poll(() => scene.keys('15550001000@c.us')).toEqual([`true_15550001000@c.us_${id}_out`])
  })

  it('a later page shows the same', async () => {
    await scene.restart(() => scene.world.archiveChat({ chat: olena, archived: true }))
    expect(await scene.chat(`${olena}@c.us`)).toMatchObject({ archive: true })
    expect(await scene.chat(chat)).toMatchObject({ muteExpiration: until })
    expect(await scene.chat(`${jurgen}@c.us`)).toBeNull()
    expect(scene.world.state().refusals).toEqual([])
  })
})

describe('contacts', () => {
  beforeAll(async () => {
    scene = await openScene()
    await scene.watch('Contact', 'add change:name change:pushname change:isContactBlocked')
  })
  afterAll(() => scene.close())

  it('renamed, removed, another pushname, blocked, a business, a new person', async () => {
    const { world, library } = scene
    await world.renameContact({ phone: amara, name: 'Amara O.' })
    await world.setPushname({ phone: amara, pushname: '🌍' })
    await world.setContact({ phone: amara, blocked: true, business: true })
    await world.renameContact({ phone: jurgen, name: null })
    world.addContact({ phone: '15550001888', name: 'Neu' })
    await expect.poll(scene.heard).toEqual([
      ['change:name', `${amara}@c.us`],
      ['change:pushname', `${amara}@c.us`],
      ['change:isContactBlocked', `${amara}@c.us`],
      ['change:name', `${jurgen}@c.us`],
      ['add', '15550001888@c.us'],
    ])
    const contact = await library.client.getContactById(`${amara}@c.us`)
    expect(contact).toMatchObject({ name: 'Amara O.', pushname: '🌍', isBlocked: true })
    expect((await library.client.getContactById(`${jurgen}@c.us`)).name).toBeUndefined()
    expect(await scene.chat(chat)).toMatchObject({ formattedTitle: 'Amara O.' })
    await expect(world.write({ from: amara, text: 'hello?' })).rejects.toThrow('blocked')
  })

  it('known by LID only, until the phone becomes known', async () => {
    const { world, library } = scene
    const { lid } = world.addContact({ phone: '15550001999', pushname: 'Sam', phoneHidden: true })
    const { id } = await world.write({ from: `${lid}@lid`, text: 'who am I?' })
    const message = await library.event<wweb.Message>('message_create', (one) => one.id.id === id)
    expect(message.from).toBe(`${lid}@lid`)
    const [pair] = await library.client.getContactLidAndPhone([`${lid}@lid`])
    expect(pair?.pn).toBeUndefined()
    expect(JSON.stringify(message.rawData)).not.toContain('15550001999')
    await expect(library.client.sendMessage('15550001999@c.us', 'hi')).rejects.toThrow('No LID for user')
    await world.revealPhone({ lid })
    await expect
      .poll(async () => (await library.client.getContactLidAndPhone([`${lid}@lid`]))[0]?.pn)
      .toBe('15550001999@c.us')
    expect(world.state().refusals).toEqual([])
  })
})

describe('groups', () => {
  let group = ''
  beforeAll(async () => {
    scene = await openScene()
    group = scene.world.state().groups[0]?.id ?? ''
  })
  afterAll(() => scene.close())

  const participants = async (): Promise<string[]> => {
    const found = (await scene.library.client.getChatById(group)) as wweb.GroupChat
    return found.participants.map(({ id, isAdmin }) => `${id.user}${isAdmin ? '*' : ''}`).sort()
  }

  it('members come, go, leave and rise, with notices that name them', async () => {
    const { world, library } = scene
    const me = '15550001000'
    expect(await participants()).toEqual([me, `${amara}*`, jurgen, olena])
    await world.addMembers({ group, members: [ming] })
    const join = await library.event<wweb.GroupNotification>('group_join')
    expect(join).toMatchObject({ author: `${amara}@c.us`, recipientIds: [`${ming}@c.us`], chatId: group })
    await world.removeMembers({ group, members: [jurgen] })
    await world.leaveGroup({ group, member: olena })
    await expect.poll(() => library.count('group_leave')).toBe(2)
    await world.setAdmin({ group, member: 'me', admin: true })
    await library.event('group_admin_changed')
    await world.renameGroup({ group, subject: 'Hikers', by: 'me' })
    const update = await library.event<wweb.GroupNotification>('group_update')
    expect(update).toMatchObject({ type: 'subject', body: 'Hikers' })
    expect(await participants()).toEqual([`${me}*`, `${amara}*`, ming])
    expect(await scene.chat(group)).toMatchObject({ formattedTitle: 'Hikers', isReadOnly: false })
    expect(scene.world.messages({ chat: group }).at(-1)).toMatchObject({
      type: 'gp2',
      notice: { subtype: 'subject' },
    })
    await expect(world.removeMembers({ group, members: [amara], by: ming })).rejects.toThrow('not an admin')
  })

  it('only admins write; then the account is removed and can only read', async () => {
    const { world } = scene
    await world.setAdmin({ group, member: 'me', admin: false, by: amara })
    await world.setAnnounce({ group, announce: true })
    await expect.poll(() => scene.chat(group)).toMatchObject({ isAnnounceGrpRestrict: true })
    await world.setAnnounce({ group, announce: false })
    await world.removeMembers({ group, members: ['me'] })
    await expect.poll(() => scene.chat(group)).toMatchObject({ isReadOnly: true })
    await expect(world.writeFromPhone({ chat: group, text: 'hello?' })).rejects.toThrow('not a member')
    await scene.restart(async () => {})
    expect(await scene.chat(group)).toMatchObject({ isReadOnly: true })
    await world.addMembers({ group, members: ['me'] })
    await expect.poll(() => scene.chat(group)).toMatchObject({ isReadOnly: false })
    expect(world.state().refusals).toEqual([])
  })
})
