/** A receiver of webhooks: a server that notes what arrives and answers as it is told. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import type { Event } from '../src/model/events.ts'

export type Received = { id: string; body: string; headers: IncomingHttpHeaders; event: Event }

export type Receiver = {
  url: string
  origin: string
  /** Every request, whatever it was answered. */
  requests: Received[]
  /** Those that were answered with 200, once per id. */
  delivered(): Received[]
  forId(id: string): Received[]
  /** How each request is answered from now on. Default: 200. */
  answer: (response: ServerResponse, request: Received) => void
  /** Nothing listens any more. */
  stop(): Promise<void>
  /** Listens again, at the same port. */
  start(): Promise<void>
}

/** Answers with this status. */
export const status = (code: number) => (response: ServerResponse) => response.writeHead(code).end()

/** @param verify throws if the delivery is not signed as it must be */
export async function openReceiver(): Promise<Receiver> {
  const requests: Received[] = []
  const done = new Set<Received>()
  let port = 0
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece) => pieces.push(piece))
    request.on('end', () => {
      const body = Buffer.concat(pieces).toString()
      const id = String(request.headers['webhook-id'])
      const received = { id, body, headers: request.headers, event: JSON.parse(body) }
      requests.push(received)
      response.once('finish', () => {
        if (response.statusCode === 200) done.add(received)
      })
      receiver.answer(response, received)
    })
  })
  const receiver: Receiver = {
    url: '',
    origin: '',
    requests,
    delivered: () => [
      ...new Map(requests.filter((one) => done.has(one)).map((one) => [one.id, one])).values(),
    ],
    forId: (id) => requests.filter((one) => one.id === id),
    answer: status(200),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
    async start() {
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
      ;({ port } = server.address() as AddressInfo)
      receiver.origin = `http://127.0.0.1:${port}`
      receiver.url = `${receiver.origin}/hook`
    },
  }
  await receiver.start()
  return receiver
}

/** Verifies the signature as the package of Standard Webhooks does. Throws if it is wrong. */
export function verify({ body, headers }: Pick<Received, 'body' | 'headers'>, secret: string): unknown {
  return new Webhook(secret).verify(body, headers as Record<string, string>)
}
