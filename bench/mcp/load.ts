/** Load on a server of this machine: so many requests on so many connections, each kept open. */
import { Agent, request as httpRequest } from 'node:http'

/** No body: a GET. `body`: of the request of this number, since no two calls of a session may have the same id at once. */
export type Call = { url: string; headers: Record<string, string>; body: ((id: number) => string) | null }

/** Requests a second, and how long each took, ms. */
export type Load = { perSecond: number; p50: number; p99: number }

const CONNECTIONS = 4

/** Connections that are kept open; `destroy` closes them. */
export function openConnections(): Agent {
  return new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
}

/** Sends the call `count` times. Rejects on any answer but a 200 without a failure in it. `kept`: the connections of earlier turns. */
export async function measure(call: Call, count: number, kept?: Agent): Promise<Load> {
  const agent = kept ?? openConnections()
  const times: number[] = []
  let left = count
  const worker = async () => {
    while (left > 0) {
      left -= 1
      const body = call.body?.(left) ?? null
      const startedAt = performance.now()
      await send(agent, call, body)
      times.push(performance.now() - startedAt)
    }
  }
  try {
    const startedAt = performance.now()
    await Promise.all(Array.from({ length: CONNECTIONS }, worker))
    const seconds = (performance.now() - startedAt) / 1_000
    times.sort((a, b) => a - b)
    const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN
    return { perSecond: count / seconds, p50: at(0.5), p99: at(0.99) }
  } finally {
    if (kept === undefined) agent.destroy()
  }
}

function send(agent: Agent, { url, headers }: Call, body: string | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const method = body === null ? 'GET' : 'POST'
    const request = httpRequest(url, { agent, method, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        const isFine = response.statusCode === 200 && !/"isError":true|"error":\{/.test(text)
        if (isFine) resolve()
        else reject(new Error(`${method} ${url}: ${response.statusCode} ${text.slice(0, 500)}`))
      })
    })
    request.on('error', reject)
    request.end(body ?? undefined)
  })
}
