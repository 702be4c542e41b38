/** 1,000 messages with media from 10 chats at once: each is described, none is lost, and the stored files stay within the quota. */
import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { sampleBytes } from '../simulator/service/media-samples.ts'
import { openHarness } from './harness.ts'

const MIB = 2 ** 20
const CHATS = 10
const EACH = 100
const SIZE = 3_000
/** What encryption adds to a small file. */
const SEAL = 100
const KINDS = ['image', 'document', 'audio', 'video'] as const

it('1,000 media messages of 10 chats at once', async () => {
  const harness = await openHarness({
    env: {
      WHATSAPP_MEDIA_DOWNLOAD: 'eager',
      WHATSAPP_MEDIA_QUOTA_MIB: '1',
      WHATSAPP_MEMORY_SOFT_MIB: '0',
      WHATSAPP_MEMORY_HARD_MIB: '0',
    },
  })
  await harness.link()
  await harness.synced()
  const phones = Array.from({ length: CHATS }, (_, chat) => `1555001${String(chat).padStart(4, '0')}`)
  for (const phone of phones) harness.world.addContact({ phone, name: `Sender ${phone}` })

  const archives = join(harness.authDir, '.whatsapp-mcp-api', 'archives')
  /** Bytes and number of the stored files. */
  const stored = () => {
    const dir = readdirSync(archives).find((name) => name.endsWith('.media'))
    const files =
      dir === undefined ? [] : readdirSync(join(archives, dir)).map((name) => join(archives, dir, name))
    const sizes = files.map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0)
    return { count: files.length, bytes: sizes.reduce((sum, size) => sum + size, 0) }
  }
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, stored().bytes)
  }, 50)

  /** What was sent, by bare id: the hash of the bytes. */
  const sent = new Map<string, string>()
  await Promise.all(
    phones.flatMap((from) =>
      Array.from({ length: EACH }, async (_, index) => {
        const type = KINDS[index % KINDS.length] ?? 'image'
        const data = sampleBytes(type, SIZE, `${from} ${index}`)
        const { id } = await harness.world.writeContent({
          from,
          content: { type, media: { data: data.toString('base64') } },
        })
        sent.set(id, createHash('sha256').update(data).digest('hex'))
      }),
    ),
  )

  const described = async () => {
    const found = new Map<string, string>()
    for (const phone of phones) {
      const { json } = await harness.get(`/api/messages?phone_number=${phone}&limit=${EACH}`)
      for (const { id, media } of json.messages ?? []) found.set(id.split('_')[2], media?.sha256)
    }
    return found
  }
  await expect.poll(async () => (await described()).size, { timeout: 120_000, interval: 500 }).toBe(sent.size)
  expect(await described()).toEqual(sent)
  expect(sent.size).toBe(CHATS * EACH)

  // The store fills up, and stays full, while the rest is fetched.
  const full = Math.floor(MIB / SIZE)
  await expect.poll(() => stored().count, { timeout: 240_000, interval: 200 }).toBeGreaterThanOrEqual(full)
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  clearInterval(watch)
  // Files that leave are deleted a moment after the next one is there.
  expect(most).toBeLessThan(MIB + full * SEAL + 20 * (SIZE + SEAL))
  expect((await harness.get('/api/status')).json.state).toBe('ready')
  await harness.close()
}, 480_000)
