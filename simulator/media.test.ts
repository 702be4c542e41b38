/** Media with bytes, as the stock library sends and downloads them: encrypted, expiring, uploaded again by the phone. */
import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type wweb from 'whatsapp-web.js'
import { amara, openScene, type Scene } from './scene.ts'
import { sampleBytes } from './service/media-samples.ts'
import type { NewContent } from './simulator.ts'
import type { MediaType } from './world-types.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
afterAll(() => scene.close())
afterEach(() => scene.world.clearFaults())

const chat = `${amara}@c.us`
const sample = (type: MediaType, size: number) => sampleBytes(type, size, 'a test').toString('base64')

const receive = async (content: NewContent): Promise<wweb.Message> => {
  const { id } = await scene.world.writeContent({ from: amara, content })
  return scene.library.event<wweb.Message>('message_create', (message) => message.id.id === id)
}

describe.each<[MediaType, string]>([
  ['image', 'image/jpeg'],
  ['video', 'video/mp4'],
  ['ptt', 'audio/ogg; codecs=opus'],
  ['audio', 'audio/mpeg'],
  ['document', 'application/pdf'],
  ['sticker', 'image/webp'],
])('%s', (type, mimetype) => {
  it('arrives byte for byte', async () => {
    const data = sample(type, 20_000)
    const message = await receive({ type, media: { data } })
    expect(await message.downloadMedia()).toMatchObject({ data, mimetype, filesize: 20_000 })
  })

  it('is sent byte for byte, and the phone can show it', async () => {
    const data = sample(type, type === 'sticker' ? 52 : 5_000)
    const media = new scene.library.MessageMedia(mimetype, data, 'a file.pdf')
    const sent = await scene.library.client.sendMessage(chat, media, {
      sendSeen: false,
      sendAudioAsVoice: type === 'ptt',
      sendMediaAsSticker: type === 'sticker',
      sendMediaAsDocument: type === 'document',
    })
    expect(sent.type).toBe(type)
    await expect.poll(() => scene.world.messages({ chat, limit: 1 })[0]?.id).toBe(sent.id.id)
    expect(scene.world.openMedia({ id: sent.id.id })).toEqual({ data, problem: null })
  })
})

it('a picture that is no JPEG becomes one', async () => {
  const png =
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
  const media = new scene.library.MessageMedia('image/png', png, 'dot.png')
  const { id } = await scene.library.client.sendMessage(chat, media, { sendSeen: false })
  await expect.poll(() => scene.world.messages({ chat, limit: 1 })[0]?.media?.mimetype).toBe('image/jpeg')
  expect(Buffer.from(scene.world.openMedia({ id: id.id }).data, 'base64').toString('hex', 0, 3)).toBe(
    'ffd8ff',
  )
})

it('what the host has no more comes from the phone, which is asked once', async () => {
  const data = sample('image', 3_000)
  const message = await receive({ type: 'image', media: { data } })
  scene.world.expireMedia({ id: message.id.id })
  expect(await message.downloadMedia()).toMatchObject({ data })
  expect(scene.world.state().reuploads).toEqual([message.id.id])
})

it('what the phone has no more either is gone', async () => {
  const message = await receive({ type: 'image', media: { data: sample('image', 3_001) } })
  scene.world.expireMedia({ id: message.id.id, onPhone: true })
  expect(await message.downloadMedia()).toBeUndefined()
})

it('an upload that the host refuses makes no media entry (OpenWA: pins of two weeks)', async () => {
  await scene.world.setFault({ name: 'upload_refused', value: true })
  const media = new scene.library.MessageMedia('image/jpeg', sample('image', 300), 'a.jpg')
  await expect(scene.library.client.sendMessage(chat, media, { sendSeen: false })).rejects.toThrow(
    'upload failed: media entry was not created',
  )
})

it('the phone names what it cannot show', async () => {
  const media = new scene.library.MessageMedia('audio/mpeg', sample('audio', 504), 'a.mp3')
  const options = { sendSeen: false, sendAudioAsVoice: true }
  const { id } = await scene.library.client.sendMessage(chat, media, options)
  await expect.poll(() => scene.world.messages({ chat, limit: 1 })[0]?.id).toBe(id.id)
  expect(scene.world.openMedia({ id: id.id }).problem).toBe('The voice note is not Opus in Ogg.')
})

it('samples are the same each time, and differ by key', () => {
  const hash = (key: string) =>
    createHash('sha256')
      .update(sampleBytes('image', 1_000, key))
      .digest('hex')
  expect(hash('one')).toBe(hash('one'))
  expect(hash('one')).not.toBe(hash('two'))
})
