/** Media of messages over HTTP and MCP: bytes, ranges, links, the files beside the archive, and when they leave. */
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sampleBytes } from '../simulator/service/media-samples.ts'
import type { NewContent, WorldMessage } from '../simulator/simulator.ts'
import { cpuMsOf } from './cpu-time.ts'
import { type Harness, openHarness } from './harness.ts'

const MIB = 2 ** 20
const AMARA = '15550001101'
const JURGEN = '15550001102'

/** Where the files of the account `default` are. */
function filesOf(harness: Harness): string[] {
  const archives = join(harness.authDir, '.whatsapp-mcp-api', 'archives')
  const dir = readdirSync(archives).find((name) => name.endsWith('.media'))
  return dir === undefined ? [] : readdirSync(join(archives, dir)).map((name) => join(archives, dir, name))
}

const pathOf = (id: string, what = 'media') => `/api/messages/${encodeURIComponent(id)}/${what}`

/** A message of Amara in the world, once the archive has it; its id in the API. */
async function arrived(harness: Harness, content: NewContent, from = AMARA): Promise<[string, WorldMessage]> {
  const message = await harness.world.writeContent({ from, content })
  const id = `false_${from}@c.us_${message.id}`
  await expect.poll(async () => (await harness.get(`/api/messages/${id}`)).status).toBe(200)
  return [id, message]
}

async function fetched(harness: Harness, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${harness.url}${path}`, { headers })
  const bytes = Buffer.from(await response.arrayBuffer())
  const json = response.headers.get('content-type')?.includes('json')
    ? JSON.parse(bytes.toString())
    : undefined
  return { status: response.status, headers: response.headers, bytes, json }
}

const stateOf = async (harness: Harness, id: string) =>
  (await harness.get(`/api/messages/${id}`)).json.message.media.state

describe('on demand', () => {
  let harness: Harness
  beforeAll(async () => {
    harness = await openHarness({ examples: true, env: { WHATSAPP_MAX_DOWNLOAD_MIB: '9' } })
    await harness.link()
  })
  afterAll(() => harness.close())
  beforeEach(() => harness.world.clearFaults())

  it.each<[NewContent['type'], string, string]>([
    ['image', 'image/jpeg', 'jpg'],
    ['video', 'video/mp4', 'mp4'],
    ['ptt', 'audio/ogg', 'ogg'],
    ['audio', 'audio/mpeg', 'mp3'],
    ['document', 'application/pdf', 'pdf'],
    ['sticker', 'image/webp', 'webp'],
  ])('%s: the bytes, with the type by the first of them', async (type, mimetype, end) => {
    const data = sampleBytes(type as 'image', 70_000, 'http')
    const filename = type === 'document' ? { filename: 'Über uns.pdf' } : {}
    const [id] = await arrived(harness, { type, media: { data: data.toString('base64'), ...filename } })
    expect(await stateOf(harness, id)).toBe('at_whatsapp')
    const { status, headers, bytes } = await fetched(harness, pathOf(id))
    expect(status).toBe(200)
    expect(bytes.equals(data)).toBe(true)
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': mimetype,
      'content-length': '70000',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox'),
      etag: `"${createHash('sha256').update(data).digest('hex')}"`,
    })
    expect(headers.get('content-disposition')).toMatch(new RegExp(`^attachment; .*\\.${end}`))
    expect(await stateOf(harness, id)).toBe('here')
  })

  it('a drawing that came as a document', async () => {
    const drawing = { data: btoa('<svg xmlns="http://www.w3.org/2000/svg"/>'), mimetype: 'image/svg+xml' }
    const [id] = await arrived(harness, { type: 'document', media: { ...drawing, filename: 'a.svg' } })
    const { status, bytes } = await fetched(harness, pathOf(id))
    expect([status, bytes.toString('base64')]).toEqual([200, drawing.data])
  })

  it('ranges, and versions that the client has', async () => {
    const data = sampleBytes('video', 200_000, 'ranges')
    const [id] = await arrived(harness, { type: 'video', media: { data: data.toString('base64') } })
    const part = await fetched(harness, pathOf(id), { range: 'bytes=65530-65545' })
    expect(part.status).toBe(206)
    expect(part.bytes.equals(data.subarray(65_530, 65_546))).toBe(true)
    expect(part.headers.get('content-range')).toBe('bytes 65530-65545/200000')
    const etag = part.headers.get('etag') ?? ''
    const head = await fetch(`${harness.url}${pathOf(id)}`, {
      method: 'HEAD',
      headers: { range: 'bytes=0-9' },
    })
    const told = ['content-length', 'content-type', 'accept-ranges', 'etag'].map((name) =>
      head.headers.get(name),
    )
    expect([head.status, ...told]).toEqual([200, '200000', 'video/mp4', 'bytes', etag])
    expect((await head.arrayBuffer()).byteLength).toBe(0)
    expect((await fetched(harness, pathOf(id), { 'if-none-match': etag })).status).toBe(304)
    const beyond = await fetched(harness, pathOf(id), { range: 'bytes=200000-' })
    expect(beyond).toMatchObject({ status: 416, json: { code: 'range_not_satisfiable' } })
    expect(beyond.headers.get('content-range')).toBe('bytes */200000')
  })

  it('what is here needs no WhatsApp, and lies encrypted on the disk', async () => {
    const data = Buffer.concat([sampleBytes('document', 300, ''), Buffer.from('a secret text '.repeat(50))])
    const [id] = await arrived(harness, { type: 'document', media: { data: data.toString('base64') } })
    await fetched(harness, pathOf(id))
    await harness.world.setFault({ name: 'media_hangs', value: true })
    expect((await fetched(harness, pathOf(id))).bytes.equals(data)).toBe(true)
    for (const file of filesOf(harness)) expect(readFileSync(file).includes('a secret text')).toBe(false)
    expect(filesOf(harness).length).toBeGreaterThan(0)
  })

  it('a page that a person sent comes as bytes without a type', async () => {
    const data = Buffer.from('<html><script>alert(1)</script></html>')
    const media = { data: data.toString('base64'), mimetype: 'text/html', filename: 'a.html' }
    const [id] = await arrived(harness, { type: 'document', media })
    const { headers } = await fetched(harness, pathOf(id))
    expect(headers.get('content-type')).toBe('application/octet-stream')
  })

  it('an office document has the type that its sender stated', async () => {
    const mimetype = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
    const media = { data: Buffer.from('PK\x03\x04 words').toString('base64'), mimetype, filename: 'a.docx' }
    const [id] = await arrived(harness, { type: 'document', media })
    const { headers } = await fetched(harness, pathOf(id))
    expect(headers.get('content-type')).toBe(mimetype)
  })

  it('expired media comes from the phone, which is asked once', async () => {
    const [id, message] = await arrived(harness, { type: 'image' })
    harness.world.expireMedia({ id: message.id })
    expect((await fetched(harness, pathOf(id))).status).toBe(200)
    const [other, gone] = await arrived(harness, { type: 'image' })
    harness.world.expireMedia({ id: gone.id, onPhone: true })
    for (const _ of [1, 2])
      expect(await fetched(harness, pathOf(other))).toMatchObject({
        status: 410,
        json: { code: 'media_expired' },
      })
    expect(harness.world.state().reuploads.filter((one) => one === gone.id)).toHaveLength(1)
    expect(await stateOf(harness, other)).toBe('expired')
  })

  it('media above the limit is not downloaded', async () => {
    const [id] = await arrived(harness, { type: 'document', media: { sizeBytes: 10 * MIB } })
    expect(await fetched(harness, pathOf(id))).toMatchObject({
      status: 413,
      json: { code: 'media_too_large' },
    })
  })

  it('messages without media, and none', async () => {
    const { id } = await harness.world.write({ from: AMARA, text: 'words' })
    await expect
      .poll(async () => (await harness.get(`/api/messages/false_${AMARA}@c.us_${id}`)).status)
      .toBe(200)
    expect((await fetched(harness, pathOf(`false_${AMARA}@c.us_${id}`))).json.code).toBe('media_not_found')
    expect((await fetched(harness, pathOf(`false_${AMARA}@c.us_NONE`))).json.code).toBe('message_not_found')
    expect((await fetched(harness, pathOf('nonsense'))).json.code).toBe('invalid_input')
  })

  it('two requests at once make one download', async () => {
    const data = sampleBytes('video', 3 * MIB, 'once')
    const [id] = await arrived(harness, { type: 'video', media: { data: data.toString('base64') } })
    const both = await Promise.all([fetched(harness, pathOf(id)), fetched(harness, pathOf(id))])
    for (const { bytes } of both) expect(bytes.equals(data)).toBe(true)
    const files = filesOf(harness).length
    await fetched(harness, pathOf(id))
    expect(filesOf(harness)).toHaveLength(files)
  })

  it('the preview that came with a picture', async () => {
    const [id] = await arrived(harness, { type: 'image' })
    const { status, headers, bytes } = await fetched(harness, pathOf(id, 'thumbnail'))
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('image/jpeg')
    expect(bytes.toString('hex', 0, 3)).toBe('ffd8ff')
    const [voice] = await arrived(harness, { type: 'ptt' })
    expect((await fetched(harness, pathOf(voice, 'thumbnail'))).json.code).toBe('media_not_found')
  })

  it('a tool shows a small picture, and gives a link for an hour that is in no log', async () => {
    const client = await harness.mcp('current')
    const data = sampleBytes('image', 5_000, 'tool')
    const [id] = await arrived(harness, { type: 'image', media: { data: data.toString('base64') } })
    const call = (message_id: string) =>
      client.callTool({ name: 'whatsapp_download_media', arguments: { message_id } })
    const { content, structuredContent } = await call(id)
    expect(content).toContainEqual({ type: 'image', data: data.toString('base64'), mimeType: 'image/jpeg' })
    const { url } = structuredContent as { url: string }
    const link = url.slice(harness.url.length)
    expect((await fetched(harness, link)).bytes.equals(data)).toBe(true)
    for (const wrong of [
      link.replace(/.$/, (end) => (end === 'A' ? 'B' : 'A')),
      link.replace('expires=1', 'expires=2'),
    ])
      expect((await fetched(harness, wrong)).json.code).toBe('link_invalid')
    const signature = new URL(url).searchParams.get('signature') ?? ''
    expect(signature.length).toBeGreaterThan(20)
    expect(JSON.stringify(harness.log)).not.toContain(signature)
    const [large] = await arrived(harness, { type: 'video', media: { sizeBytes: 600_000 } })
    expect((await call(large)).content).toHaveLength(1)
  })

  it('a link needs no key, and ends with its caller and with what the caller sees', async () => {
    const [id, { chat }] = await arrived(harness, { type: 'image' })
    const make = async (input: object) =>
      (await harness.post('/api/keys', { name: 'x', scopes: ['read'], ...input })).json
    const change = (key: string, method: string, body?: object) =>
      harness.call({ method, path: `/api/keys/${key}`, ...(body === undefined ? {} : { body }) })
    const linkBy = async (headers: Record<string, string>) => {
      const path = `/api/messages/${encodeURIComponent(id)}/media-link`
      const { json } = await harness.call({ method: 'POST', path, headers })
      return json.url.slice(harness.url.length)
    }
    // As from elsewhere, where keys are required.
    const open = async (path: string) => {
      const { status, json } = await harness.call({ path, headers: { 'x-forwarded-for': '203.0.113.7' } })
      return status === 200 ? 'served' : json.code
    }
    expect(chat).toContain(AMARA)
    const { key, secret } = await make({})
    const link = await linkBy({ 'x-api-key': secret })
    expect([await open(link), await open(link.split('?')[0])]).toEqual(['served', 'key_required'])
    // The owner's browser opens it too.
    expect((await harness.call({ path: link })).status).toBe(200)
    await change(key.id, 'PATCH', { chats: { hide: [AMARA] } })
    expect(await open(link)).toBe('message_not_found')
    await change(key.id, 'PATCH', { chats: null })
    expect(await open(link)).toBe('served')
    expect(await open(link.replace(key.id, 'owner'))).toBe('link_invalid')
    await change(key.id, 'DELETE')
    expect(await open(link)).toBe('link_invalid')
  })

  it('status answers at once while 8 MiB come', async () => {
    const data = sampleBytes('document', 8 * MIB, 'large')
    const [id] = await arrived(harness, { type: 'document', media: { data: data.toString('base64') } })
    const coming = fetched(harness, pathOf(id))
    let isOver = false
    void coming.then(() => {
      isOver = true
    })
    const times: number[] = []
    while (!isOver) {
      times.push(await cpuMsOf(() => harness.get('/api/status')))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect((await coming).bytes.equals(data)).toBe(true)
    // A file that is copied as one text takes seconds.
    expect(times.length).toBeGreaterThan(2)
    expect(Math.max(...times)).toBeLessThan(100)
  })

  it('a file leaves with the last message that refers to it', async () => {
    const data = randomBytes(9_000).toString('base64')
    const [first] = await arrived(harness, { type: 'document', media: { data } })
    const before = filesOf(harness).length
    await fetched(harness, pathOf(first))
    const [second] = await arrived(harness, { type: 'document', media: { data } }, JURGEN)
    expect(await stateOf(harness, second)).toBe('here')
    expect(filesOf(harness)).toHaveLength(before + 1)
    const forget = (phone: string) =>
      harness.call({ method: 'DELETE', path: `/api/chats/${phone}@c.us/messages` })
    await forget(JURGEN)
    expect(filesOf(harness)).toHaveLength(before + 1)
    const { bytes } = await fetched(harness, pathOf(first))
    expect(bytes.toString('base64')).toBe(data)
    await forget(AMARA)
    expect(filesOf(harness)).toHaveLength(0)
  })

  it('a file leaves with a message that is deleted for everyone', async () => {
    const [id, { id: bareId }] = await arrived(harness, { type: 'image' })
    await fetched(harness, pathOf(id))
    expect(filesOf(harness)).toHaveLength(1)
    await harness.world.revoke({ id: bareId })
    await expect.poll(() => filesOf(harness)).toEqual([])
    expect((await fetched(harness, pathOf(id))).json.code).toBe('media_not_found')
  })

  it('files stay over a restart, and one that is damaged comes again', async () => {
    const data = sampleBytes('image', 40_000, 'restart')
    const [id] = await arrived(harness, { type: 'image', media: { data: data.toString('base64') } })
    await fetched(harness, pathOf(id))
    const [file = ''] = filesOf(harness)
    writeFileSync(join(dirname(file), '0'.repeat(32)), 'half of a download')
    await harness.restart()
    expect((await fetched(harness, pathOf(id))).bytes.equals(data)).toBe(true)
    expect(filesOf(harness)).toEqual([file])
    rmSync(file)
    await harness.until('ready')
    expect((await fetched(harness, pathOf(id))).bytes.equals(data)).toBe(true)
  })

  it('the preview is kept with the message: it needs no connection, and is forgotten with it', async () => {
    const [id] = await arrived(harness, { type: 'image' })
    const [voice] = await arrived(harness, { type: 'ptt' })
    await harness.app.session.stop()
    const { status, bytes } = await fetched(harness, pathOf(id, 'thumbnail'))
    expect([status, bytes.toString('hex', 0, 3)]).toEqual([200, 'ffd8ff'])
    expect((await fetched(harness, pathOf(voice, 'thumbnail'))).json.code).toBe('not_connected')
    const path = `/api/chats/${AMARA}@c.us/messages`
    expect((await harness.call({ method: 'DELETE', path })).status).toBe(200)
    expect((await fetched(harness, pathOf(id, 'thumbnail'))).json.code).toBe('message_not_found')
  })
})

describe('never', () => {
  it('passes the bytes through, whole and in ranges, and keeps nothing', async () => {
    const harness = await openHarness({ env: { WHATSAPP_MEDIA_DOWNLOAD: 'never' } })
    await harness.link()
    const data = sampleBytes('video', 3 * MIB + 7, 'never')
    const [id] = await arrived(harness, { type: 'video', media: { data: data.toString('base64') } })
    expect((await fetched(harness, pathOf(id))).bytes.equals(data)).toBe(true)
    const part = await fetched(harness, pathOf(id), { range: `bytes=${MIB - 2}-${2 * MIB + 3}` })
    expect(part.bytes.equals(data.subarray(MIB - 2, 2 * MIB + 4))).toBe(true)
    expect(await stateOf(harness, id)).toBe('at_whatsapp')
    expect(filesOf(harness)).toEqual([])
    expect((await fetched(harness, pathOf(id, 'thumbnail'))).status).toBe(200)
    await harness.app.session.stop()
    expect((await fetched(harness, pathOf(id, 'thumbnail'))).json.code).toBe('not_connected')
    await harness.close()
  })
})

describe('eager', () => {
  it('keeps the media of the newest messages, also if many come at once', async () => {
    const env = { WHATSAPP_MEDIA_DOWNLOAD: 'eager', WHATSAPP_MEDIA_QUOTA_MIB: '1' }
    const harness = await openHarness({ env })
    await harness.link()
    await harness.synced()
    // All are in the archive before the first can be downloaded.
    await harness.world.setFault({ name: 'media_hangs', value: true })
    const now = Math.floor(Date.now() / 1_000)
    for (let count = 0; count < 6; count += 1) {
      const data = sampleBytes('image', 300_000, `newest ${count}`).toString('base64')
      await harness.world.writeContent({
        from: AMARA,
        t: now + 2 * count,
        content: { type: 'image', media: { data } },
      })
    }
    const states = async () => {
      const { messages } = (await harness.get(`/api/messages?phone_number=${AMARA}&limit=6`)).json
      return messages.map((message: { media?: { state: string } }) => message.media?.state)
    }
    // The chat has other messages, without media.
    await expect.poll(async () => (await states()).filter(Boolean).length).toBe(6)
    await harness.world.clearFaults()
    await harness.restart()
    await harness.until('ready')
    const newest = [...Array(3).fill('at_whatsapp'), ...Array(3).fill('here')]
    await expect.poll(states).toEqual(newest)
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    expect(await states()).toEqual(newest)
    await harness.close()
  })

  it('fetches what arrives within the quota and the limits, and asks no phone', async () => {
    const env = {
      WHATSAPP_MEDIA_DOWNLOAD: 'eager',
      WHATSAPP_MEDIA_QUOTA_MIB: '1',
      WHATSAPP_MEDIA_EAGER_MIB: '1',
      WHATSAPP_MEDIA_EAGER_KINDS: 'image,document',
    }
    const harness = await openHarness({ env })
    await harness.link()
    await harness.synced()
    const send = (content: NewContent) => harness.world.writeContent({ from: AMARA, content })
    const bytes = (count: number, key: string) => sampleBytes('image', count, key).toString('base64')
    await send({ type: 'video', media: { data: bytes(1_000, 'video') } })
    await send({ type: 'image', media: { sizeBytes: 2 * MIB } })
    const gone = await send({ type: 'image', media: { data: bytes(1_001, 'gone') } })
    harness.world.expireMedia({ id: gone.id })
    for (let count = 0; count < 5; count += 1) {
      await send({ type: 'document', media: { data: bytes(300_000, `document ${count}`) } })
    }
    const states = async () => {
      const { messages } = (await harness.get(`/api/messages?phone_number=${AMARA}&limit=8`)).json
      return messages.map((message: { media: { state: string } }) => message.media.state)
    }
    // Three documents fit; the first ones had to leave again, and are not fetched twice.
    await expect
      .poll(async () => (await states()).filter((state: string) => state === 'here'))
      .toHaveLength(3)
    expect((await states()).slice(0, 3)).not.toContain('here')
    await expect.poll(() => filesOf(harness)).toHaveLength(3)
    expect(harness.world.state().reuploads).toEqual([])
    await harness.close()
  })
})
