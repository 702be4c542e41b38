/** Chats in the archive, whatever happens to them and to their people on WhatsApp. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { archiveOf } from './archive-rows.ts'
import { type Harness, openLinked } from './harness.ts'

const AMARA = '15550001101'

let harness: Harness
beforeAll(async () => {
  harness = await openLinked()
})
afterAll(() => harness.close())

const { bodies, expectComplete } = archiveOf(() => harness)

describe('a chat', () => {
  it('that moves to LIDs in the middle stays one', async () => {
    const { phone } = harness.world.addContact({ phone: '15557770002', name: 'Mover' })
    await harness.world.write({ from: phone, text: 'by phone' })
    await expectComplete()
    await harness.world.migrateChat({ phone })
    await harness.world.write({ from: phone, text: 'by LID' })
    await expect.poll(() => bodies(`${phone}@c.us`)).toEqual(['by phone', 'by LID'])
    await harness.post('/api/send', { phone_number: phone, message: 'an answer' })
    await expect.poll(() => bodies(`${phone}@c.us`)).toEqual(['by phone', 'by LID', 'an answer'])
    await harness.app.close()
    await harness.world.write({ from: phone, text: 'while you were away' })
    await harness.restart()
    await harness.synced()
    await expectComplete()
    const { json } = await harness.get('/api/chats?limit=100')
    expect(json.chats.filter(({ id }: { id: string }) => id === `${phone}@c.us`)).toHaveLength(1)
  })

  it('of a person with a LID only becomes the chat of the phone number when that is known', async () => {
    const person = harness.world.addContact({
      phone: '15557770003',
      pushname: 'Hidden',
      phoneHidden: true,
      lidChat: true,
    })
    await harness.world.write({ from: person.phone, text: 'guess who' })
    await expect.poll(() => bodies(`${person.lid}@lid`)).toEqual(['guess who'])
    await harness.world.revealPhone({ lid: person.lid })
    await expect.poll(() => bodies(`${person.phone}@c.us`)).toEqual(['guess who'])
    await harness.world.write({ from: person.phone, text: 'it is me' })
    await expectComplete()
  })

  it.each([
    ['by phone number', false, '15557770009'],
    ['by LID', true, '15557770010'],
  ])('of somebody whose number passes to another person stays theirs (%s)', async (_, lidChat, phone) => {
    const { lid } = harness.world.addContact({ phone, name: 'Alice', lidChat })
    const t = Math.floor(Date.now() / 1000) - 86_400
    await harness.world.write({ from: phone, text: 'from Alice', t })
    await expect.poll(() => bodies(`${phone}@c.us`)).toEqual(['from Alice'])
    const lidOf = async () => (await harness.get(`/api/contacts/${phone}@c.us`)).json.contact?.lid
    await expect.poll(lidOf).toBe(`${lid}@lid`)
    const bob = await harness.world.moveNumber({ phone, pushname: 'Bob' })
    await expect.poll(() => bodies(`${lid}@lid`)).toEqual(['from Alice'])
    await harness.world.write({ from: phone, text: 'from Bob' })
    await expect.poll(() => bodies(`${phone}@c.us`)).toEqual(['from Bob'])
    await harness.app.close()
    await harness.world.write({ from: phone, text: 'more from Bob' })
    await harness.restart()
    await harness.synced()
    await expect.poll(() => bodies(`${phone}@c.us`)).toEqual(['from Bob', 'more from Bob'])
    expect(bodies(`${lid}@lid`)).toEqual(['from Alice'])
    expect(await lidOf()).toBe(`${bob.lid}@lid`)
    const chats = (await harness.get('/api/chats?limit=100')).json.chats.map(({ id }: { id: string }) => id)
    expect(chats).toEqual(expect.arrayContaining([`${phone}@c.us`, `${lid}@lid`]))
  })

  it('is archived, pinned, muted, read and renamed as on the phone, at once', async () => {
    const chat = `${AMARA}@c.us`
    const shown = async () => {
      const { json } = await harness.get(`/api/chats/${chat}`)
      const { archived, pinned, muted, unread_count, name } = json.chat
      return { archived, pinned, muted, unread_count, name }
    }
    await harness.world.write({ from: AMARA, text: 'unread' })
    await expect.poll(shown).toMatchObject({ unread_count: 1, archived: false, pinned: false, muted: false })
    await harness.world.archiveChat({ chat, archived: true })
    await harness.world.pinChat({ chat, pinned: true })
    await harness.world.muteChat({ chat, until: -1 })
    await harness.world.readChat({ chat })
    await harness.world.renameContact({ phone: AMARA, name: 'Amara the Great' })
    await expect
      .poll(shown)
      .toEqual({ archived: true, pinned: true, muted: true, unread_count: 0, name: 'Amara the Great' })
    await harness.world.markUnread({ chat })
    await expect
      .poll(async () => (await harness.get(`/api/chats/${chat}`)).json.chat)
      .toMatchObject({
        unread_count: 0,
        marked_unread: true,
      })
    await harness.world.deleteChat({ chat })
    await expect
      .poll(async () =>
        (await harness.get('/api/chats?limit=100')).json.chats.map(({ id }: { id: string }) => id),
      )
      .not.toContain(chat)
    expect(bodies(chat)?.length).toBeGreaterThan(0)
  })
})
