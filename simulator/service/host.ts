/** The https and wss host that a browser connects to as web.whatsapp.com, and as the media host. */
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Question, ServiceFrame } from '../wire.ts'
import { answers } from './answers.ts'
import type { Certificate } from './certificate.ts'
import type { Context, Session } from './context.ts'
import { scriptPath, toDocument } from './document.ts'
import { fieldOf } from './faults.ts'
import { mediaHostName } from './media-host.ts'
import { loadPageScript } from './page-script.ts'
import { pictureHostName, servePicture } from './pictures.ts'
import { RefusedQuestion } from './refused.ts'

export type Host = {
  port: number
  /** Closes every connection: the network is gone. */
  cutAll(): void
  close(): Promise<void>
}

/** Stricter than the real one: a script that passes bytes as `data:` or `blob:` URLs to `fetch` is refused. */
const POLICY = `connect-src 'self' wss://web.whatsapp.com https://${mediaHostName} https://${pictureHostName}`

/** Listens on loopback, on a free port. `holdSync` is passed to every page, see {@link toDocument}. */
export async function openHost(context: Context, certificate: Certificate, holdSync: boolean): Promise<Host> {
  const connections = new Set<Duplex>()
  const server = createServer({ key: certificate.key, cert: certificate.cert }, async (request, response) => {
    if (request.headers.host?.startsWith(mediaHostName)) {
      if (!context.faults.isOn('media_hangs'))
        await context.mediaHost.serve(request, response, context.faults.isOn('upload_refused'))
      return
    }
    if (request.headers.host?.startsWith(pictureHostName))
      return servePicture(context, request.url ?? '/', response)
    if (context.faults.isOn('load_hangs')) return
    const path = new URL(request.url ?? '/', 'https://web.whatsapp.com').pathname
    if (path === '/') {
      const { build, faults } = context
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.setHeader('cache-control', 'no-store')
      response.setHeader('content-security-policy', POLICY)
      response.end(toDocument({ build, faults: faults.forPages(), holdSync }))
      return
    }
    if (path === '/frame') {
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.end('<!doctype html><title>frame</title>')
      return
    }
    if (path === scriptPath) {
      await context.clock.wait('script')
      response.setHeader('content-type', 'text/javascript; charset=utf-8')
      response.setHeader('cache-control', 'no-store')
      response.end(await loadPageScript())
      return
    }
    response.statusCode = 404
    response.end()
  })
  const noteNames = ({ headers }: IncomingMessage): void => {
    for (const name of [headers['user-agent'], headers['sec-ch-ua']])
      if (name !== undefined) context.browserNames.add(String(name))
  }
  server.on('request', noteNames)
  server.on('upgrade', noteNames)
  server.on('connection', (socket) => {
    if (context.faults.isOn('offline') || context.faults.isOn('load_refused')) {
      socket.destroy()
      return
    }
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
  })

  const sockets = new WebSocketServer({ server, path: '/ws/chat' })
  let count = 0
  sockets.on('connection', (socket) => {
    count += 1
    const say = (frame: ServiceFrame): void => {
      if (socket.readyState === socket.OPEN && !session.isDeaf) socket.send(JSON.stringify(frame))
    }
    const session: Session = {
      number: count,
      registration: null,
      link: null,
      linking: null,
      passkeyFor: null,
      live: false,
      late: [],
      held: null,
      isDeaf: fieldOf(context.faults.get('half_open'), 'again') === true,
      send: say,
      cut: () => socket.terminate(),
    }
    context.sessions.add(session)
    socket.on('message', (data) => {
      if (!session.isDeaf) void answer(context, session, String(data), say)
    })
    socket.on('close', () => {
      session.linking?.stop()
      context.sessions.delete(session)
      context.changed()
    })
    socket.on('error', () => socket.terminate())
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const cutAll = (): void => {
    for (const connection of connections) connection.destroy()
  }
  return {
    port: portOf(server.address()),
    cutAll,
    async close() {
      for (const session of context.sessions) session.linking?.stop()
      sockets.close()
      cutAll()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

async function answer(
  context: Context,
  session: Session,
  text: string,
  say: (frame: ServiceFrame) => void,
): Promise<void> {
  const question: Question = JSON.parse(text)
  try {
    say({ re: question.n, answer: await ask(context, session, question) })
  } catch (error) {
    if (!(error instanceof RefusedQuestion)) context.refusals.push(`service failed: ${String(error)}`)
    say({ re: question.n, refused: String(error) })
  }
}

function ask(context: Context, session: Session, { op, args }: Question): unknown {
  const reply: (context: Context, session: Session, args: never) => unknown = answers[op]
  return Reflect.apply(reply, answers, [context, session, args])
}

function portOf(address: AddressInfo | string | null): number {
  if (address && typeof address === 'object') return address.port
  throw new Error('simulator: the host has no port')
}
