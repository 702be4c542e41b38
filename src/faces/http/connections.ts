/** The server's connections: the user of each peer process, and limits for each group of users. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { isOurUser } from '../../same-user.ts'

/**
 * Clients that wait or subscribe hold a connection each: 100 event readers, 100 MCP sessions, 100 MCP subscribers. The
 * rest is for other requests.
 */
const MAX_OURS = 400
/**
 * Connections of other users of this computer and of other computers: without keys they receive 403. Further ones are closed
 * without a response.
 */
const MAX_STRANGERS = { refused: 16, served: 400 }
/** A client that has ended its half of the connection receives a response for this long. */
const HALF_OPEN_MS = 1_000
/** All connections, including those whose user is still being looked up. */
const MAX_ALL = 1_000

export type Connections = {
  /** True if the peer is a process of this user or root. Looked up once, when the connection opens. */
  isOurs(socket: Socket): boolean
  /**
   * Call it when the server closes. Closes connections without any request, which clients keep as spares: Node counts them as
   * slow, not idle, and waits for them. From then on, each connection is closed after the response that it waits for: Node closes
   * only those that are idle when the server closes.
   */
  close(): Promise<void>
}

/** Without a listener, a reset during the look-up of the user would end the process. The parser has a listener of its own. */
const ignore = () => {}

/** Watches every new connection of this server. @param strangersAre whether other users and computers can be served */
export function watchConnections(server: Server, strangersAre: 'refused' | 'served'): Connections {
  const ours = new Set<Socket>()
  const strangers = new Set<Socket>()
  const unused = new Set<Socket>()
  let isClosing = false
  server.maxConnections = MAX_ALL

  async function admit(socket: Socket): Promise<void> {
    const isOurs = await isOurUser(socket)
    const [group, room] = isOurs ? [ours, MAX_OURS] : [strangers, MAX_STRANGERS[strangersAre]]
    // Resets it: a regularly closed connection stays in the kernel's table for a minute, and each look-up reads that table.
    if (group.size >= room) socket.resetAndDestroy()
    if (socket.destroyed) return
    group.add(socket)
    socket.once('close', () => group.delete(socket))
    for (const serve of parsers) serve.call(server, socket)
  }

  // A client may end its half right after the request (nc -N). Node would then end the other half before the response
  // (httpAllowHalfOpen in lib/_http_server.js). A client that has left looks the same, so it gets a moment only.
  Reflect.set(server, 'httpAllowHalfOpen', true)
  // Node's parser gets a connection when its user is known.
  const parsers = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket) => {
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
    socket.on('error', ignore)
    socket.once('end', () => {
      const timer = setTimeout(() => socket.destroy(), HALF_OPEN_MS)
      socket.once('close', () => clearTimeout(timer))
    })
    // Looked up now, because the peer may be gone later.
    void admit(socket).finally(() => socket.off('error', ignore))
  })
  server.on('request', ({ socket }, response) => {
    unused.delete(socket)
    response.once('close', () => {
      if (isClosing) server.closeIdleConnections()
    })
  })

  return {
    isOurs: (socket) => ours.has(socket),
    async close() {
      isClosing = true
      // A connection that was accepted in this turn is not read yet, and may have a request.
      await nextTurn()
      for (const socket of unused) if (socket.bytesRead === 0) socket.destroy()
    },
  }
}
