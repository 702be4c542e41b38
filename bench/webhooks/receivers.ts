/** Receivers of webhooks: one server, which answers at once and passes on what arrives. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Receivers = {
  origin: string
  /** Called with each body, and the time at which it had arrived (`performance.now()`). */
  heard: (body: string, at: number) => void
  close(): Promise<void>
}

/** Listens on a free port. */
export async function openReceivers(): Promise<Receivers> {
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece) => pieces.push(piece))
    request.on('end', () => {
      const at = performance.now()
      response.writeHead(204).end()
      receivers.heard(Buffer.concat(pieces).toString(), at)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const receivers: Receivers = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard: () => {},
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return receivers
}

/** Creates or removes webhooks of the server at this URL until there are so many. */
export async function setWebhooks(url: string, origin: string, count: number): Promise<void> {
  const { webhooks } = await ask<{ webhooks: { id: string }[] }>(`${url}/api/webhooks`)
  for (const { id } of webhooks.slice(count)) await ask(`${url}/api/webhooks/${id}`, { method: 'DELETE' })
  for (let n = webhooks.length; n < count; n += 1)
    await ask(`${url}/api/webhooks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url: `${origin}/${n}`, kinds: ['message.received', 'message.sent'] }),
    })
}

/** Requests this and returns its JSON. Throws unless it succeeds. */
export async function ask<T>(url: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(url, init)
  const text = await response.text()
  if (!response.ok) throw new Error(`${url}: ${text}`)
  return JSON.parse(text) as T
}
