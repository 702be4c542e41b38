/** Albums on each build: what the phone shows, what the answer says, and what is sent where WhatsApp Web knows none. */
import { expect, it } from 'vitest'
import { builds } from '../simulator/builds.ts'
import { sampleBytes } from '../simulator/service/media-samples.ts'
import { type Harness, openHarness } from './harness.ts'

const AMARA = '15550001101'
const chat = `${AMARA}@c.us`

let made = 0
function picture(): { data: string } {
  made += 1
  return { data: sampleBytes('image', 2_000, `album ${made}`).toString('base64') }
}
const video = () => ({ data: sampleBytes('video', 9_000, 'album').toString('base64') })
const plan = { data: sampleBytes('document', 900, 'album').toString('base64'), filename: 'Plan.pdf' }

const send = (harness: Harness, media: object[], more: object = {}) =>
  harness.post(`/api/chats/${chat}/media`, { media, ...more })

/** The newest messages of the phone, oldest first. */
const newest = (harness: Harness, limit: number) =>
  harness.world.messages({ chat, limit }).sort((one, other) => one.t - other.t)

it.each(builds.map((build) => [build.name, build.albums] as const))(
  'on build %s, where albums are %s',
  async (build, albums) => {
    const harness = await openHarness({ build })
    await harness.link()
    await harness.synced()
    const before = harness.world.countMessages()
    const { status, json } = await send(harness, [picture(), video(), plan, picture(), picture()])
    expect([status, json.album], JSON.stringify(json)).toEqual([200, albums === 'on'])
    expect(json.results.map(({ ok }: { ok: boolean }) => ok)).toEqual([true, true, true, true, true])
    const count = harness.world.countMessages() - before
    const shown = newest(harness, count)
    const album = shown.find(({ type }) => type === 'album')
    const files = shown.filter(({ type }) => type !== 'album')
    expect(files.map(({ type }) => type).sort()).toEqual(['document', 'image', 'image', 'image', 'video'])
    if (albums === 'on') {
      expect(album).toMatchObject({ album: { photos: 3, videos: 1 }, ack: expect.any(Number) })
      for (const { type, inAlbum } of files) expect(inAlbum).toBe(type === 'document' ? undefined : album?.id)
      // Too few without a text, enough with one; what is viewed once is in none.
      expect((await send(harness, [picture(), picture()])).json.album).toBe(false)
      expect((await send(harness, [picture(), picture()], { caption: 'two' })).json.album).toBe(true)
      const once = await send(harness, [picture(), picture(), picture(), picture()], { view_once: true })
      expect(once.json.album).toBe(false)
      const { message } = (await harness.get(`/api/messages/${json.results[0].message_id}`)).json
      expect(message.media.album).toBe(album?.id)
      const parent = (await harness.get(`/api/messages/true_${chat}_${album?.id}`)).json.message
      expect(parent).toMatchObject({ type: 'album', summary: 'Album, 3 photos, 1 video' })
    } else {
      expect(album).toBeUndefined()
      expect(count).toBe(5)
    }
    expect(harness.world.state().refusals.filter((text) => /belongs to the album/.test(text))).toEqual([])
    await harness.close()
  },
  180_000,
)

it('files go alone where the server does not take the album', async () => {
  const harness = await openHarness()
  await harness.link()
  await harness.synced()
  await harness.world.setFault({ name: 'send_fails', value: { type: 'album' } })
  const { status, json } = await send(harness, [picture(), picture()], { caption: 'two' })
  expect([status, json.album, json.results.length]).toEqual([200, false, 2])
  const shown = newest(harness, 2)
  expect(shown.map(({ type, inAlbum }) => [type, inAlbum])).toEqual([
    ['image', undefined],
    ['image', undefined],
  ])
  await harness.close()
}, 120_000)
