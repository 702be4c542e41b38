/** Sending files over REST and MCP: from uploads and from base64, as every kind, and what is refused. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { findBuild } from '../simulator/builds.ts'
import { sampleBytes } from '../simulator/service/media-samples.ts'
import { type Harness, openHarness } from './harness.ts'

const MIB = 2 ** 20
const AMARA = '15550001101'
const chat = `${AMARA}@c.us`

let harness: Harness
let files: string
beforeAll(async () => {
  files = mkdtempSync(join(tmpdir(), 'wma-files-'))
  process.env.WHATSAPP_TEST_CANARY = 'a secret of the server'
  harness = await openHarness({
    env: { WHATSAPP_FILES_DIR: files, WHATSAPP_MEDIA_URLS: 'true', WHATSAPP_MAX_UPLOAD_MIB: '10' },
  })
  await harness.link()
})
afterAll(async () => {
  delete process.env.WHATSAPP_TEST_CANARY
  rmSync(files, { recursive: true })
  await harness.close()
})
beforeEach(() => harness.world.clearFaults())

const send = (body: object) => harness.post(`/api/chats/${chat}/media`, body)
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')

async function upload(bytes: Buffer, type: string): Promise<string> {
  const response = await fetch(`${harness.url}/api/uploads`, {
    method: 'PUT',
    headers: { 'content-type': type },
    body: new Uint8Array(bytes),
  })
  return ((await response.json()) as { id: string }).id
}

/** What the phone shows of the newest message. */
function shown() {
  const [message] = harness.world.messages({ chat, limit: 1 })
  if (message === undefined) throw new Error('nothing was sent')
  return { message, ...harness.world.openMedia({ id: message.id }) }
}

describe('a file', () => {
  it.each<[string, 'image' | 'video' | 'audio' | 'document', string]>([
    ['a picture', 'image', 'image'],
    ['a video', 'video', 'video'],
    ['a sound', 'audio', 'audio'],
    ['a document', 'document', 'document'],
  ])('%s is sent as what its bytes are', async (_, sample, type) => {
    const bytes = sampleBytes(sample, sample === 'audio' ? 504 : 9_000, 'rest')
    const { status, json } = await send({
      media: { data: base64(bytes), filename: 'Über.bin' },
      caption: 'look',
    })
    expect(status, JSON.stringify(json)).toBe(200)
    const { message, data, problem } = shown()
    expect(json.message_id).toContain(message.id)
    expect(json).toMatchObject({ type, media: { size_bytes: bytes.length } })
    expect([message.type, problem, message.caption]).toEqual([type, null, 'look'])
    expect(data).toBe(base64(bytes))
  })

  it.each<[string, string]>([
    ['document', 'document'],
    ['image', 'image'],
  ])('an upload of 3 MiB is sent as %s', async (as, type) => {
    const bytes = sampleBytes('image', 3 * MIB, as)
    const { status, json } = await send({ media: { upload: await upload(bytes, 'image/jpeg') }, as })
    expect(status, JSON.stringify(json)).toBe(200)
    const { message, data } = shown()
    expect(message.type).toBe(type)
    expect(data === base64(bytes)).toBe(true)
  })

  it('any sound becomes a voice note that the phone can play', async () => {
    const { status, json } = await send({
      media: { data: base64(sampleBytes('audio', 504, '')) },
      as: 'voice',
    })
    expect(status, JSON.stringify(json)).toBe(200)
    const { message, problem } = shown()
    expect([message.type, problem]).toEqual(['ptt', null])
  })

  it('a voice note is sent unchanged', async () => {
    const bytes = sampleBytes('ptt', 582, '')
    await send({ media: { data: base64(bytes) }, as: 'voice' })
    expect(shown()).toMatchObject({ data: base64(bytes), problem: null })
  })

  it.each<[string, string, string[], object, object]>([
    ['a GIF as a video that plays as one', 'a.gif', [], {}, { type: 'video', media: { gif: true } }],
    ['a video of a camera', 'b.mov', ['-c:v', 'mpeg4'], {}, { type: 'video' }],
    ['a picture as a sticker', 'c.png', ['-frames:v', '1'], { as: 'sticker' }, { type: 'sticker' }],
    ['a GIF as an animated sticker', 'd.gif', [], { as: 'sticker' }, { type: 'sticker' }],
  ])('%s, from the directory of the owner', async (_, name, args, as, expected) => {
    const source = ['-f', 'lavfi', '-i', 'testsrc=size=81x45:rate=5', '-t', '0.6']
    execFileSync('ffmpeg', ['-loglevel', 'error', '-y', ...source, ...args, join(files, name)])
    const { status, json } = await send({ media: { file: name }, ...as })
    expect(status, JSON.stringify(json)).toBe(200)
    const { message, problem } = shown()
    expect(problem).toBeNull()
    expect(message).toMatchObject(expected)
  })

  it.each<[string, string[], string]>([
    ['s.wav', [], 'audio'],
    ['s.flac', [], 'audio'],
    ['s.m4a', ['-c:a', 'alac'], 'audio'],
    ['s.wav', [], 'voice'],
    ['s.flac', [], 'voice'],
    ['s.m4a', ['-c:a', 'aac'], 'voice'],
  ])('the sound of %s %j is played as %s', async (name, args, as) => {
    const source = ['-f', 'lavfi', '-i', 'sine=440', '-t', '1']
    execFileSync('ffmpeg', ['-loglevel', 'error', '-y', ...source, ...args, join(files, name)])
    const { status, json } = await send({ media: { file: name }, as })
    expect(status, JSON.stringify(json)).toBe(200)
    const { message, problem } = shown()
    expect([message.type, problem]).toEqual([as === 'voice' ? 'ptt' : 'audio', null])
  })

  it('a video has its length, its size and its first picture', async () => {
    const source = ['-f', 'lavfi', '-i', 'testsrc=size=320x180:rate=5', '-t', '3', '-pix_fmt', 'yuv420p']
    execFileSync('ffmpeg', ['-loglevel', 'error', '-y', ...source, join(files, 'look.mp4')])
    expect((await send({ media: { file: 'look.mp4' } })).status).toBe(200)
    const { message } = shown()
    expect(message.media).toMatchObject({ seconds: 3, width: 320, height: 180 })
    expect(Buffer.from(message.media?.thumbnail ?? '', 'base64').toString('hex', 0, 3)).toBe('ffd8ff')
    const { json } = await harness.get(`/api/messages/true_${chat}_${message.id}`)
    expect(json.message.media).toMatchObject({ duration_s: 3, width: 320, height: 180 })
  })

  it('an animation that is too long for a sticker is refused, with what to do', async () => {
    const source = ['-f', 'lavfi', '-i', 'testsrc=size=64x64:rate=2', '-t', '12']
    execFileSync('ffmpeg', ['-loglevel', 'error', '-y', ...source, join(files, 'long.gif')])
    const before = harness.world.countMessages()
    const { status, json } = await send({ media: { file: 'long.gif' }, as: 'sticker' })
    expect([status, json.code]).toEqual([422, 'media_refused'])
    expect(json.detail).toMatch(/longer than 10 seconds/)
    expect(json.hint).toMatch(/as a GIF/)
    expect(harness.world.countMessages()).toBe(before)
  })

  it('a document of the directory keeps its name and its bytes', async () => {
    writeFileSync(join(files, 'Plan.pdf'), '%PDF-1.4 plan')
    expect((await send({ media: { file: 'Plan.pdf' } })).status).toBe(200)
    expect(shown()).toMatchObject({ message: { type: 'document', media: { filename: 'Plan.pdf' } } })
    expect(Buffer.from(shown().data, 'base64').toString()).toBe('%PDF-1.4 plan')
    expect((await send({ media: { file: '../Plan.pdf' } })).json.code).toBe('file_not_found')
  })

  it.runIf(process.platform === 'linux')('the browser has none of the settings in its environment', () => {
    const read = (pid: string, what: string) => {
      try {
        return readFileSync(`/proc/${pid}/${what}`, 'latin1')
      } catch {
        return ''
      }
    }
    const ours = readdirSync('/proc').filter((pid) => read(pid, 'cmdline').includes(harness.authDir))
    expect(ours.length).toBeGreaterThan(0)
    expect(ours.filter((pid) => read(pid, 'environ').includes('WHATSAPP_'))).toEqual([])
  })

  it('an office document has the type of its name, unless the caller says another', async () => {
    const data = base64(Buffer.from('PK\x03\x04 words'))
    const typeOf = async (media: object) => (await send({ media })).json.media?.mimetype
    const docx = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
    expect(await typeOf({ data, filename: 'Report.docx' })).toBe(docx)
    expect(await typeOf({ data, filename: 'Report.docx', mimetype: 'application/zip' })).toBe(
      'application/zip',
    )
    const id = await upload(Buffer.from('PK\x03\x04 sums'), 'application/octet-stream')
    expect(await typeOf({ upload: id, filename: 'Sums.csv' })).toBe('text/csv')
    expect(await typeOf({ data: base64(sampleBytes('document', 300, 'x')), filename: 'b.txt' })).toBe(
      'application/pdf',
    )
  })

  it('a sticker, a reply, and what is viewed once', async () => {
    const bytes = sampleBytes('sticker', 52, '')
    const sent = await send({ media: { data: base64(bytes) }, as: 'sticker' })
    const media = { mimetype: 'image/webp' }
    expect(shown()).toMatchObject({ message: { type: 'sticker', media }, problem: null })
    const file = await fetch(`${harness.url}/api/messages/${sent.json.message_id}/media`)
    expect([file.status, base64(new Uint8Array(await file.arrayBuffer()))]).toEqual([200, base64(bytes)])
    const { id } = await harness.world.write({ from: AMARA, text: 'Show me' })
    const reply_to = `false_${chat}_${id}`
    await expect.poll(async () => (await harness.get(`/api/messages/${reply_to}`)).status).toBe(200)
    const picture = { data: base64(sampleBytes('image', 2_000, 'reply')) }
    const { json } = await send({ media: picture, reply_to, view_once: true })
    expect(json.reply_to).toBe(reply_to)
    expect(shown().message).toMatchObject({ quoted: id, viewOnce: true })
  })

  it('waits for its time longer than an upload is stored, and is sent once', async () => {
    const bytes = sampleBytes('document', 900, 'later')
    const id = await upload(bytes, 'application/pdf')
    const send_at = new Date(Date.now() + 2 * 3_600_000).toISOString()
    const later = () =>
      harness.call({
        method: 'POST',
        path: `/api/chats/${chat}/media`,
        body: { media: { upload: id, filename: 'Later.pdf' }, view_once: false, send_at },
        headers: { 'idempotency-key': 'later-1' },
      })
    const { status, json } = await later()
    expect([status, json.item?.state], JSON.stringify(json)).toEqual([202, 'scheduled'])
    expect(json.item.preview).toBe('[document] Later.pdf (900 bytes)')
    const facts = JSON.parse(
      readFileSync(join(harness.authDir, '.whatsapp-mcp-api/uploads', `${id}.json`), 'utf8'),
    )
    expect(facts.expiresAtMs).toBeGreaterThan(Date.parse(send_at))
    await harness.call({
      method: 'PATCH',
      path: `/api/outbox/${json.item.id}`,
      body: { send_at: new Date(Date.now() + 1_500).toISOString() },
    })
    await expect.poll(() => shown().message.media?.filename).toBe('Later.pdf')
    expect(shown().data).toBe(base64(bytes))
    // A repetition returns what a send at once does.
    await expect.poll(async () => (await later()).status).toBe(200)
    expect((await later()).json).toMatchObject({
      ok: true,
      type: 'document',
      media: { filename: 'Later.pdf', size_bytes: 900 },
    })
  })

  it('an agent sends one, too', async () => {
    const client = await harness.mcp('current')
    const media = { data: base64(sampleBytes('document', 700, 'mcp')), filename: 'Route.pdf' }
    const result = await client.callTool({
      name: 'whatsapp_send_media',
      arguments: { chat, media, caption: 'The route' },
    })
    expect(result.isError, JSON.stringify(result.content)).toBeUndefined()
    expect(shown().message).toMatchObject({
      type: 'document',
      media: { filename: 'Route.pdf' },
      caption: 'The route',
    })
  })
})

describe('a list of files', () => {
  const picture = (name: string) => ({ data: base64(sampleBytes('image', 2_000, name)) })
  const plan = { data: base64(sampleBytes('document', 900, 'list')), filename: 'Plan.pdf' }
  const newest = (limit: number) => harness.world.messages({ chat, limit })

  it('is sent in its order, one message each, with one text', async () => {
    const before = harness.world.countMessages()
    const { status, json } = await send({ media: [picture('one'), plan, picture('two')], caption: 'all' })
    const isAlbum = findBuild(harness.world.state().build).albums === 'on'
    expect([status, json.album], JSON.stringify(json)).toEqual([200, isAlbum])
    // With the message of the album.
    expect(harness.world.countMessages()).toBe(before + (isAlbum ? 4 : 3))
    const sent = json.results.map((one: { message_id: string }) => one.message_id.split('_')[2])
    const found = newest(3).sort((a, b) => sent.indexOf(a.id) - sent.indexOf(b.id))
    expect(found.map(({ id, type, caption }) => [id, type, caption ?? ''])).toEqual([
      [sent[0], 'image', 'all'],
      [sent[1], 'document', ''],
      [sent[2], 'image', ''],
    ])
  })

  it('is sent once for its idempotency key', async () => {
    const again = () =>
      harness.call({
        method: 'POST',
        path: `/api/chats/${chat}/media`,
        body: { media: [picture('four'), plan] },
        headers: { 'idempotency-key': 'list-1' },
      })
    const first = await again()
    const before = harness.world.countMessages()
    expect((await again()).json).toEqual(first.json)
    expect(harness.world.countMessages()).toBe(before)
  })

  it('waits for its time, one item each', async () => {
    const send_at = new Date(Date.now() + 3_600_000).toISOString()
    const body = { media: [picture('five'), plan], send_at }
    const path = `/api/chats/${chat}/media`
    const again = () => harness.call({ method: 'POST', path, body, headers: { 'idempotency-key': 'list-2' } })
    const { status, json } = await again()
    expect([status, json.results.map(({ code }: { code: string }) => code)]).toEqual([
      202,
      ['send_scheduled', 'send_scheduled'],
    ])
    const [first, second] = json.results.map((one: { outbox_id: string }) => one.outbox_id)
    expect(json).toMatchObject({ ok: true, chat: { id: chat }, item: { id: first, state: 'scheduled' } })
    await harness.post(`/api/outbox/${first}/cancel`)
    // A repetition says what became of each.
    expect((await again()).json).toMatchObject({
      item: { id: second },
      results: [{ code: 'send_withdrawn', outbox_id: first }, { code: 'send_scheduled' }],
    })
    await harness.post(`/api/outbox/${second}/cancel`)
    expect(await again()).toMatchObject({ status: 409, json: { code: 'send_withdrawn' } })
  })

  it('of an agent waits for its time, which is no error', async () => {
    const send_at = new Date(Date.now() + 3_600_000).toISOString()
    const client = await harness.mcp('current')
    const { isError, structuredContent } = await client.callTool({
      name: 'whatsapp_send_media',
      arguments: { chat, media: [picture('seven'), plan], send_at },
    })
    expect(isError).toBeFalsy()
    const { results } = structuredContent as { results: { code: string; outbox_id: string }[] }
    expect(results.map(({ code }) => code)).toEqual(['send_scheduled', 'send_scheduled'])
    for (const { outbox_id } of results) await harness.post(`/api/outbox/${outbox_id}/cancel`)
  })

  it('of a form, and of an agent', async () => {
    const form = new FormData()
    for (const name of ['a.jpg', 'b.jpg'])
      form.append('file', new File([new Uint8Array(sampleBytes('image', 2_000, name))], name))
    const response = await fetch(`${harness.url}/api/chats/${chat}/media`, { method: 'POST', body: form })
    expect(((await response.json()) as { results: unknown[] }).results).toHaveLength(2)
    const client = await harness.mcp('current')
    const result = await client.callTool({
      name: 'whatsapp_send_media',
      arguments: { chat, media: [picture('six'), plan] },
    })
    expect([result.isError, JSON.stringify(result.content)]).toEqual([
      undefined,
      expect.stringContaining('2. sent'),
    ])
  })

  it.each<[string, object, number, string]>([
    [
      'with a file that cannot be sent',
      { media: [picture('x'), { upload: 'none' }] },
      404,
      'upload_not_found',
    ],
    ['of nothing', { media: [] }, 400, 'invalid_input'],
    ['of 11', { media: Array(11).fill(plan) }, 400, 'invalid_input'],
    ['of other things', { media: ['a.jpg'] }, 400, 'invalid_input'],
    ['with a document to view once', { media: [picture('x'), plan], view_once: true }, 400, 'invalid_input'],
  ])('%s sends nothing', async (_, body, status, code) => {
    const before = harness.world.countMessages()
    const answer = await send(body)
    expect([answer.status, answer.json.code], answer.text).toEqual([status, code])
    expect(harness.world.countMessages()).toBe(before)
  })

  it('that WhatsApp refuses is refused', async () => {
    await harness.world.setFault({ name: 'upload_refused', value: true })
    expect((await send({ media: [picture('y'), plan] })).json.code).toBe('media_refused')
  })
})

describe('a form', () => {
  const BOUNDARY = 'x-x'
  const field = (name: string, value: string) =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  const file = (bytes: Buffer, name = 'file; filename="C:\\fakepath\\Plan.pdf"', type = 'application/pdf') =>
    Buffer.concat([
      Buffer.from(
        `--${BOUNDARY}\r\nContent-Disposition: form-data; name=${name}\r\nContent-Type: ${type}\r\n\r\n`,
      ),
      bytes,
      Buffer.from('\r\n'),
    ])
  const latin1 = (text: string) => Buffer.from(text, 'latin1')
  async function sendForm(parts: (string | Buffer)[], headers: Record<string, string> = {}) {
    const response = await fetch(`${harness.url}/api/chats/${chat}/media`, {
      method: 'POST',
      headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}`, ...headers },
      body: Buffer.concat([...parts, `--${BOUNDARY}--\r\n`].map((part) => Buffer.from(part))),
    })
    return {
      status: response.status,
      json: (await response.json()) as { code?: string; message_id?: string },
    }
  }
  const plan = sampleBytes('document', 9_000, 'form')

  it('as browsers and curl write it is sent, with its fields', async () => {
    const form = new FormData()
    form.set('as', 'document')
    form.set('file', new File([new Uint8Array(plan)], 'Über "uns".pdf', { type: 'application/pdf' }))
    form.set('caption', 'Zeile\n2')
    const response = await fetch(`${harness.url}/api/chats/${chat}/media`, { method: 'POST', body: form })
    expect(response.status, await response.clone().text()).toBe(200)
    const { message, data } = shown()
    expect(message).toMatchObject({ type: 'document', media: { filename: 'Über "uns".pdf' } })
    expect([data === base64(plan), message.caption?.split(/\r?\n/)]).toEqual([true, ['Zeile', '2']])
    const path = join(files, 'curl.pdf')
    writeFileSync(path, plan)
    const to = `${harness.url}/api/chats/${chat}/media`
    // The server is in this process: it must not wait for curl.
    const said = await promisify(execFile)('curl', [
      '-sS',
      '-F',
      `file=@${path}`,
      '-F',
      'caption=from curl',
      to,
    ])
    expect(JSON.parse(said.stdout)).toMatchObject({ ok: true })
    expect(shown().message).toMatchObject({ caption: 'from curl', media: { filename: 'curl.pdf' } })
  })

  it('with the same idempotency key is sent once', async () => {
    const key = { 'idempotency-key': 'form-1' }
    const first = await sendForm([file(plan), field('caption', 'once')], key)
    const before = harness.world.countMessages()
    const again = await sendForm([field('caption', 'once'), file(plan)], key)
    expect([again.status, again.json]).toEqual([200, first.json])
    expect(harness.world.countMessages()).toBe(before)
    expect((await sendForm([file(plan), field('caption', 'twice')], key)).json.code).toBe(
      'idempotency_key_reused',
    )
  })

  it.each<[string, number, string, (string | Buffer)[], Record<string, string>]>([
    ['without a file', 400, 'invalid_input', [field('caption', 'x')], {}],
    ['with 11 files', 400, 'invalid_input', Array(11).fill(file(plan)), {}],
    ['with a file and its field', 400, 'invalid_input', [file(plan), field('media', 'x')], {}],
    ['with an unknown field', 400, 'invalid_input', [file(plan), field('size', '1')], {}],
    [
      'with a file in another field',
      400,
      'invalid_input',
      [file(plan), file(plan, 'caption; filename=x')],
      {},
    ],
    ['with a field in the path', 400, 'invalid_input', [file(plan), field('chat', AMARA)], {}],
    ['with an empty file', 400, 'invalid_input', [file(Buffer.alloc(0))], {}],
    ['without parts', 400, 'invalid_input', [], {}],
    ['that is none', 400, 'malformed_request', ['x'.repeat(20_000)], {}],
    ['with a text in Latin-1', 400, 'malformed_request', [file(plan), latin1(field('caption', 'Grüße'))], {}],
    [
      'with a file name in Latin-1',
      400,
      'malformed_request',
      [latin1(file(plan, 'file; filename="Grüße.pdf"').toString())],
      {},
    ],
    ['that is encoded', 415, 'unsupported_media_type', [file(plan)], { 'content-encoding': 'gzip' }],
    ['without a boundary', 415, 'unsupported_media_type', [], { 'content-type': 'multipart/form-data' }],
    ['of another page', 403, 'forbidden_origin', [file(plan)], { origin: 'https://evil.example' }],
  ])('%s is %i %s', async (_, status, code, parts, headers) => {
    const before = harness.world.countMessages()
    const answer = await sendForm(parts, headers)
    expect([answer.status, answer.json.code], JSON.stringify(answer.json)).toEqual([status, code])
    expect(harness.world.countMessages()).toBe(before)
  })

  it('with a file that is too large leaves nothing', async () => {
    const uploads = join(harness.authDir, '.whatsapp-mcp-api/uploads')
    const before = readdirSync(uploads).length
    // The connection is closed at the limit, perhaps before the client has read the response.
    const answer = await sendForm([file(Buffer.alloc(11 * MIB))]).catch(() => null)
    expect([undefined, 'body_too_large']).toContain(answer?.json.code)
    await expect.poll(() => readdirSync(uploads).length, { interval: 10 }).toBe(before)
  })

  it('is for this route alone', async () => {
    const raw = `${field('message', 'x')}--${BOUNDARY}--`
    const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }
    const path = `/api/chats/${chat}/messages`
    expect((await harness.call({ method: 'POST', path, raw, headers })).json.code).toBe(
      'unsupported_media_type',
    )
  })

  it('that ends in the middle leaves nothing', async () => {
    const uploads = join(harness.authDir, '.whatsapp-mcp-api/uploads')
    const before = readdirSync(uploads).length
    const socket = connect(Number(new URL(harness.url).port), '127.0.0.1')
    const head = `POST /api/chats/${chat}/media HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\nContent-Length: 100000\r\n\r\n`
    socket.write(Buffer.concat([Buffer.from(head), file(Buffer.alloc(50_000, 1))]))
    await expect.poll(() => readdirSync(uploads).length, { interval: 10 }).toBe(before + 1)
    socket.destroy()
    await expect.poll(() => readdirSync(uploads).length, { interval: 10 }).toBe(before)
  })
})

describe('is refused, and nothing is sent:', () => {
  const picture = base64(sampleBytes('image', 300, 'bad'))
  it.each<[string, () => object | Promise<object>, number, string]>([
    ['no source', () => ({ media: {} }), 400, 'invalid_input'],
    ['two sources', () => ({ media: { data: picture, upload: 'x' } }), 400, 'invalid_input'],
    ['text that is no base64', () => ({ media: { data: '%%%' } }), 400, 'invalid_input'],
    ['an upload that does not exist', () => ({ media: { upload: 'ab' } }), 404, 'upload_not_found'],
    [
      'more than 8 MiB',
      () => ({ media: { data: base64(Buffer.alloc(8 * MIB + 1)) } }),
      413,
      'body_too_large',
    ],
    ['more than the body may have', () => ({ media: { data: 'A'.repeat(13 * MIB) } }), 413, 'body_too_large'],
    [
      'a picture that is none',
      () => ({ media: { data: base64(Buffer.from('no picture')) }, as: 'image' }),
      422,
      'media_refused',
    ],
    [
      'a broken picture',
      () => ({ media: { data: base64(Buffer.from('\xff\xd8\xff', 'latin1')) } }),
      422,
      'media_refused',
    ],
    [
      'a voice note without a sound',
      () => ({ media: { data: base64(Buffer.from('%PDF-1.4')) }, as: 'voice' }),
      422,
      'media_refused',
    ],
    [
      'a document for one view',
      () => ({ media: { data: picture }, as: 'document', view_once: true }),
      400,
      'invalid_input',
    ],
    [
      'a sticker with a caption',
      () => ({ media: { data: base64(sampleBytes('sticker', 52, '')) }, as: 'sticker', caption: 'x' }),
      400,
      'invalid_input',
    ],
    [
      'a name that hides what it is',
      () => ({ media: { data: picture, filename: 'a\u202egpj.exe' } }),
      400,
      'invalid_input',
    ],
    ['a name with a path', () => ({ media: { data: picture, filename: '../a.jpg' } }), 400, 'invalid_input'],
    ['a type that is none', () => ({ media: { data: picture, mimetype: 'picture' } }), 400, 'invalid_input'],
    ['a URL of this server', () => ({ media: { url: `${harness.url}/health` } }), 422, 'url_refused'],
    ['a URL of a private network', () => ({ media: { url: 'http://10.0.0.1/a.jpg' } }), 422, 'url_refused'],
    ['a URL of no server', () => ({ media: { url: 'http://nobody.invalid/a' } }), 422, 'url_not_fetched'],
    ['a URL of this disk', () => ({ media: { url: 'file:///etc/passwd' } }), 422, 'url_refused'],
    ['an upload of nobody', async () => ({ media: { upload: '../../etc/passwd' } }), 404, 'upload_not_found'],
  ])('%s', async (_, body, status, code) => {
    const before = harness.world.countMessages()
    const answer = await send(await body())
    expect([answer.status, answer.json.code], answer.text.slice(0, 300)).toEqual([status, code])
    expect(harness.world.countMessages()).toBe(before)
  })

  it('a GIF where there is no ffmpeg, and another container as one', async () => {
    const sources = { 'n.gif': [], 'n.mov': ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'] }
    for (const [name, args] of Object.entries(sources))
      execFileSync('ffmpeg', [
        '-loglevel',
        'error',
        '-y',
        '-f',
        'lavfi',
        '-i',
        'testsrc=size=80x60:rate=5',
        '-t',
        '0.4',
        ...args,
        join(files, name),
      ])
    const before = harness.world.countMessages()
    vi.stubEnv('PATH', '/nonexistent')
    try {
      for (const body of [{ media: { file: 'n.gif' } }, { media: { file: 'n.mov' }, as: 'gif' }]) {
        const { status, json } = await send(body)
        expect([status, json.code]).toEqual([422, 'needs_ffmpeg'])
      }
    } finally {
      vi.unstubAllEnvs()
    }
    expect(harness.world.countMessages()).toBe(before)
  })

  it('what the media host does not take', async () => {
    await harness.world.setFault({ name: 'upload_refused', value: true })
    expect((await send({ media: { data: picture } })).json.code).toBe('media_refused')
  })
})
