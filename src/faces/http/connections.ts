/** The server's connections: the user of each peer process, and limits for each group of users. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { isOurUser } from '../../same-user.ts'

/**
 * Clients that wait or subscribe hold a connection each: 100 event readers, 100 MCP sessions, 100 MCP subscribers. The
 * rest is for other requests.
 */
const MAX_OURS = 400
/** Connections of other users of this computer, which receive 403. Further ones are closed without a response. */
const MAX_STRANGERS = 16
/** All connections, including those whose user is still being looked up. */
const MAX_ALL = 1_000

export type Connections = {
  /**
   * Resolves to true if the peer is a process of this user or root. Looked up once, when the connection opens. Never
   * rejects.
   */
  isOurs(socket: Socket): Promise<boolean>
  /**
   * Closes connections without any request, which clients keep as spares. Node counts them as slow, not idle, and waits for
   * them when the server closes.
   */
  closeUnused(): Promise<void>
}

/** Watches every new connection of this server. */
export function watchConnections(server: Server): Connections {
  const users = new WeakMap<Socket, Promise<boolean>>()
  const ours = new Set<Socket>()
  const strangers = new Set<Socket>()
  const unused = new Set<Socket>()
  server.maxConnections = MAX_ALL

  async function admit(socket: Socket): Promise<boolean> {
    const isOurs = await isOurUser(socket)
    const [group, room] = isOurs ? [ours, MAX_OURS] : [strangers, MAX_STRANGERS]
    // Resets it: a regularly closed connection stays in the kernel's table for a minute, and each look-up reads that table.
    if (group.size >= room) socket.resetAndDestroy()
    if (socket.destroyed) return false
    group.add(socket)
    socket.once('close', () => group.delete(socket))
    return isOurs
  }

  server.on('connection', (socket) => {
    // Looked up now, because the peer may be gone later.
    users.set(socket, admit(socket))
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  server.on('request', ({ socket }) => unused.delete(socket))

  return {
    isOurs: async (socket) => (await users.get(socket)) === true,
    async closeUnused() {
      // A connection that was accepted in this turn is not read yet, and may have a request.
      await turn()
      for (const socket of unused) if (socket.bytesRead === 0) socket.destroy()
    },
  }
}
