/** How fast the built server reads, over HTTP on one connection kept open, and what memory it takes. */
import { Agent, request as httpRequest } from 'node:http'

export type Latency = { p50: number; p95: number; p99: number; count: number }

/** Pages of which none is remembered from the last time it was asked for: 20 to 83 chats. */
export const chatsAnew = (n: number) => `/api/chats?limit=${20 + (n % 64)}`

/** `count` GETs of what `path` gives, one after the other, after some to warm up; ms. Rejects on any answer but 200. */
export async function measureGets(
  base: string,
  path: (n: number) => string,
  count: number,
): Promise<Latency> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    for (let n = 0; n < 50; n += 1) await get(agent, base, path(n))
    const times: number[] = []
    for (let n = 0; n < count; n += 1) {
      const startedAt = performance.now()
      await get(agent, base, path(n))
      times.push(performance.now() - startedAt)
    }
    times.sort((a, b) => a - b)
    const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99), count }
  } finally {
    agent.destroy()
  }
}

function get(agent: Agent, base: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${base}${path}`, { agent }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`GET ${path}: ${text}`)),
      )
    })
    request.on('error', reject)
    request.end()
  })
}
