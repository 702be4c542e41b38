/** Files that `call` sends and saves: they take the time that they need, and what is saved is whole. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { RequestListener, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { callOperation } from '../src/cli/call.ts'
import { endPrograms, type Played, play, temp } from './program.ts'

const DOCUMENT = readFileSync(new URL('../docs/openapi.json', import.meta.url))
/** The long limits are this many times as short, so that a body of two seconds takes longer than the longest operation. */
const FASTER = 50
const LONG_MS = 60_000
const LATE_MS = 2_000
const WHOLE = 'the first half, the second half'
const HALF = WHOLE.length / 2

let server: Played
let reply: RequestListener
let folder: string
let out: string
beforeAll(async () => {
  server = await play(
    (request, answer) =>
      request.url === '/openapi.json' ? void answer.end(DOCUMENT) : reply(request, answer),
    { isOurs: true },
  )
})
beforeEach(() => {
  folder = temp()
  out = join(folder, 'video.mp4')
})
afterEach(endPrograms)
afterAll(() => server.close())

const call = (id: string, fields: Record<string, string>, flags: { file?: string; out?: string }) =>
  callOperation(
    { url: server.url, isNamed: true },
    { id, fields, json: true, file: '', out: '', type: 'video/mp4', ...flags },
  )
const getMedia = () => call('get_media', { message_id: 'true_15551234567@c.us_3EB0AA' }, { out })

function beFaster(): void {
  const timeout = AbortSignal.timeout.bind(AbortSignal)
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => timeout(ms < LONG_MS ? ms : ms / FASTER))
}

/** Sends the first half of a file. */
function begin(answer: ServerResponse): void {
  answer.writeHead(200, { 'content-type': 'video/mp4', 'content-length': WHOLE.length })
  answer.write(WHOLE.slice(0, HALF))
}

it('a download takes the time that it needs', async () => {
  beFaster()
  reply = async (_, answer) => {
    begin(answer)
    await sleep(LATE_MS)
    answer.end(WHOLE.slice(HALF))
  }
  expect(await getMedia()).toBe(0)
  expect(readFileSync(out, 'utf8')).toBe(WHOLE)
  expect(readdirSync(folder)).toEqual(['video.mp4'])
})

it('an upload takes the time that it needs', async () => {
  beFaster()
  const file = join(folder, 'big.mp4')
  writeFileSync(file, WHOLE)
  let received = ''
  reply = async (request, answer) => {
    received = String(await buffer(request))
    await sleep(LATE_MS)
    answer.setHeader('content-type', 'application/json').end('{}')
  }
  const printed = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  expect(await call('upload_file', {}, { file })).toBe(0)
  expect([received, printed.mock.calls]).toEqual([WHOLE, [['{}\n']]])
})

it('a download that is interrupted leaves an earlier file as it is, and names the connection', async () => {
  writeFileSync(out, 'an earlier file')
  reply = async (_, answer) => {
    begin(answer)
    // The client saves what it has received.
    await expect.poll(() => readdirSync(folder).length).toBe(2)
    answer.destroy()
  }
  await expect(getMedia()).rejects.toMatchObject({
    message: expect.stringMatching(`^The download from ${server.url} was interrupted \\(.+\\)\\.$`),
    hint: 'No file was written. Run the command again.',
  })
  expect(readdirSync(folder)).toEqual(['video.mp4'])
  expect(readFileSync(out, 'utf8')).toBe('an earlier file')
})

it('a start that is late is one, also of a download', async () => {
  beFaster()
  reply = () => {}
  await expect(getMedia()).rejects.toMatchObject({
    message: expect.stringContaining('did not respond within 70 s'),
  })
  expect(readdirSync(folder)).toEqual([])
})

it('a stream without an end is no file', async () => {
  reply = () => {}
  await expect(call('stream_events', {}, { out })).rejects.toMatchObject({
    message: 'stream_events returns a stream that does not end.',
  })
})
