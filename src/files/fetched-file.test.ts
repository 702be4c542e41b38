/** Files of URLs: real servers on this computer, which only a guard of the test allows. */
import { lookup } from 'node:dns'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import { type AddressGuard, openFetched } from './fetched-file.ts'

const OPEN: AddressGuard = { isAllowed: () => true, lookup }
const clock = createTestClock()

let server: Server
let base = ''
let answer: RequestListener = (_, response) => void response.end()
const asked: (string | undefined)[] = []
beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => void asked.splice(0))
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

async function read(stream: Readable): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

it('is read with its type and its length', async () => {
  answer = (_, response) =>
    response.writeHead(200, { 'content-type': 'image/png', 'content-length': 5 }).end('bytes')
  const { stream, length, type } = await openFetched(`${base}/a.png?size=5`, clock, OPEN)
  expect([await read(stream), length, type]).toEqual(['bytes', 5, 'image/png'])
  expect(asked).toEqual(['/a.png?size=5'])
})

it.each([
  'ftp://files.example/a',
  'file:///etc/passwd',
  'data:text/plain,x',
  'no url',
  'http://user:secret@files.example/a',
  'http://127.0.0.1:1/a',
  'http://[::1]/a',
  'http://169.254.169.254/latest/meta-data',
  'http://192.168.1.1/a.jpg',
  'http://2130706433/a.jpg',
  'http://localhost/a.jpg',
])('%s is refused', async (url) => {
  await expect(openFetched(url, clock)).rejects.toMatchObject({ code: 'url_refused' })
})

it('nothing is asked of a server on this computer', async () => {
  const { port } = new URL(base)
  for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]'])
    await expect(openFetched(`http://${host}:${port}/a`, clock)).rejects.toMatchObject({
      code: 'url_refused',
    })
  expect(asked).toEqual([])
})

it.each<[string, string, RequestListener]>([
  ['url_refused', 'a redirect', (_, response) => response.writeHead(302, { location: '/b' }).end()],
  ['url_not_fetched', 'an error', (_, response) => response.writeHead(404).end('no')],
  ['url_not_fetched', 'a part', (_, response) => response.writeHead(206).end('no')],
  [
    'url_not_fetched',
    'compression',
    (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
  ],
  [
    'url_not_fetched',
    'another protocol',
    ({ socket }) => void socket.write('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
  ],
  ['url_not_fetched', 'a closed connection', ({ socket }) => void socket.destroy()],
])('%s for %s', async (code, _, listener) => {
  answer = listener
  await expect(openFetched(`${base}/a`, clock, OPEN)).rejects.toMatchObject({ code })
  expect(asked).toEqual(['/a'])
})

it('url_not_fetched where nobody listens', async () => {
  await expect(openFetched('http://127.0.0.1:1/', clock, OPEN)).rejects.toMatchObject({
    code: 'url_not_fetched',
  })
})

it.each<[string, RequestListener, () => void]>([
  [
    'ends in the middle',
    ({ socket }, response) => void response.write('half', () => socket.destroy()),
    () => {},
  ],
  ['never ends', (_, response) => void response.write('half'), () => clock.advance(20_000)],
])('a file that %s is not one', async (_, listener, then) => {
  answer = (request, response) => {
    response.writeHead(200, { 'content-length': 100 })
    listener(request, response)
  }
  const { stream } = await openFetched(`${base}/a`, clock, OPEN)
  const reading = read(stream)
  setImmediate(then)
  await expect(reading).rejects.toMatchObject({ code: 'url_not_fetched' })
})

it('a server that never responds costs 20 s', async () => {
  answer = () => setImmediate(() => clock.advance(20_000))
  await expect(openFetched(`${base}/a`, clock, OPEN)).rejects.toMatchObject({ code: 'url_not_fetched' })
})
