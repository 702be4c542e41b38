/** Kinds of messages as the stock library reads them, and those that are none: notices. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type wweb from 'whatsapp-web.js'
import { amara, ming, openScene, type Scene } from './scene.ts'
import type { NewContent } from './simulator.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
afterAll(() => scene.close())

const send = async (content: NewContent, chat?: string): Promise<wweb.Message> => {
  const { id } = await scene.world.writeContent({ from: amara, content, ...(chat ? { chat } : {}) })
  return scene.library.event<wweb.Message>('message_create', (message) => message.id.id === id)
}
const raw = (message: wweb.Message): Record<string, unknown> => message.rawData as Record<string, unknown>

it('a photo: the caption is its text, the body of the page a thumbnail', async () => {
  const message = await send({ type: 'image', caption: 'sunset', media: { width: 640, height: 480 } })
  expect(message).toMatchObject({ type: 'image', hasMedia: true, body: 'sunset' })
  expect(raw(message)).toMatchObject({ mimetype: 'image/jpeg', width: 640, height: 480, caption: 'sunset' })
  expect(raw(message).body).toMatch(/^\/9j\//)
  expect(raw(message).mediaKey).toMatch(/^[\w+/]{43}=$/)
})

it('a document: its name is in place of the caption, unless there is one', async () => {
  const bare = await send({ type: 'document', media: { filename: 'Über uns.pdf', sizeBytes: 1234 } })
  expect(bare).toMatchObject({ type: 'document', body: 'Über uns.pdf' })
  expect(raw(bare)).toMatchObject({ filename: 'Über uns.pdf', isCaptionByUser: false, size: 1234 })
  const written = await send({ type: 'document', caption: 'read this', media: { filename: 'a.pdf' } })
  expect(raw(written)).toMatchObject({ caption: 'read this', isCaptionByUser: true, filename: 'a.pdf' })
})

it('voice, audio, video, sticker', async () => {
  expect(await send({ type: 'ptt', media: { seconds: 12 } })).toMatchObject({
    type: 'ptt',
    duration: '12',
    body: '',
  })
  expect(raw(await send({ type: 'audio' })).mimetype).toBe('audio/mpeg')
  expect(await send({ type: 'video', caption: 'look' })).toMatchObject({ type: 'video', body: 'look' })
  expect(raw(await send({ type: 'sticker' }))).toMatchObject({ type: 'sticker', mimetype: 'image/webp' })
})

it('location, contact cards, poll', async () => {
  const place = await send({
    type: 'location',
    location: { lat: 50.9, lng: 6.96, name: 'Dom', address: 'Köln' },
  })
  expect(place.location).toMatchObject({
    latitude: 50.9,
    longitude: 6.96,
    name: 'Dom',
    address: 'Köln',
  })
  const card = 'BEGIN:VCARD\nVERSION:3.0\nFN:Zoë\nTEL:+15550001777\nEND:VCARD'
  expect((await send({ type: 'vcard', vcards: [card] })).vCards).toEqual([card])
  expect(await send({ type: 'vcard', vcards: [card, card] })).toMatchObject({
    type: 'multi_vcard',
    vCards: [card, card],
  })
  const poll = await send({
    type: 'poll_creation',
    poll: { name: 'When?', options: ['Mon', 'Tue'], multiple: true },
  })
  expect(poll).toMatchObject({ type: 'poll_creation', body: 'When?', allowMultipleAnswers: true })
  expect(poll.pollOptions).toMatchObject([{ name: 'Mon' }, { name: 'Tue' }])
})

it('mentions as the chat addresses people, forwarded, view once', async () => {
  const [hike, house] = scene.world.state().groups
  const text: NewContent = { type: 'chat', text: 'ask @15550001103', mentions: [ming] }
  expect((await send(text, hike?.id)).mentionedIds).toEqual([`${ming}@c.us`])
  const { id } = await scene.world.writeContent({ from: ming, content: text, chat: house?.id ?? '' })
  const byLid = await scene.library.event<wweb.Message>('message_create', (one) => one.id.id === id)
  expect(byLid.mentionedIds).toEqual([expect.stringMatching(/^\d+@lid$/)])
  expect(await send({ type: 'chat', text: 'joke', forwarded: 7 })).toMatchObject({
    isForwarded: true,
    forwardingScore: 7,
  })
  expect(raw(await send({ type: 'image', viewOnce: true }))).toMatchObject({ isViewOnce: true })
})

it('calls and the notice of encryption are notifications, which fetchMessages leaves out', async () => {
  const call = await send({ type: 'call_log', call: { missed: true, video: true } })
  expect(raw(call)).toMatchObject({ callOutcome: 'Missed', isVideoCall: true })
  const notice = await send({ type: 'e2e_notification' })
  expect(await scene.message(notice.id.id)).toMatchObject({ isNotification: true })
  const chat = await scene.library.client.getChatById(`${amara}@c.us`)
  const fetched = await chat.fetchMessages({ limit: 100 })
  expect(fetched.some(({ type }) => type === 'call_log' || type === 'e2e_notification')).toBe(false)
})

it('content that lacks what its kind needs is refused in a sentence', async () => {
  const writing = scene.world.writeContent({ from: amara, content: { type: 'location' } })
  await expect(writing).rejects.toThrow('A message of type location needs the field location.')
  expect(scene.world.state().refusals).toEqual([])
})
