import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { limitBodies } from './body-time.ts'

const LIMIT_MS = 100

it.each([
  ['that has arrived, though nothing reads it', 'body', 0],
  ['of which a part is missing', 'bo', 1],
])('limits a body %s', async (_, sent, expected) => {
  const late: IncomingMessage[] = []
  const server = createServer((_request, response) => {
    // Like a stream of events, which goes on for long.
    setTimeout(() => response.end(), 3 * LIMIT_MS)
  })
  limitBodies(server, LIMIT_MS, (request) => late.push(request))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    const client = request({ port, host: '127.0.0.1', headers: { 'content-length': 4 } })
    client.write(sent)
    const [response] = await once(client, 'response')
    response.resume()
    await once(response, 'end')
    client.destroy()
    expect(late).toHaveLength(expected)
  } finally {
    server.close()
  }
})
