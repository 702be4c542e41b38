/** The server's connections: which user's process is at the other end, and how many each may hold. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { isOurUser } from '../../same-user.ts'

/** Clients that wait or listen hold one: 100 readers of events, 100 sessions and 100 subscribers of MCP. Others have the rest. */
const MAX_OURS = 400
/** Other users of this computer get a 403 on these. Further connections of theirs are closed without an answer. */
const MAX_STRANGERS = 16
/** Both, and those whose user is being looked up. */
const MAX_ALL = 1_000

export type Connections = {
  /** Does a process of our own user, or of root, hold the other end? Looked up once, when the connection was new. Never fails. */
  isOurs(socket: Socket): Promise<boolean>
  /**
   * Closes connections on which nothing was asked yet: clients keep spare ones. To Node they are not idle but slow, and
   * closing the server waits for them.
   */
  closeUnused(): Promise<void>
}

/** Watches every connection of this server from now on. */
export function watchConnections(server: Server): Connections {
  const users = new WeakMap<Socket, Promise<boolean>>()
  const ours = new Set<Socket>()
  const strangers = new Set<Socket>()
  const unused = new Set<Socket>()
  server.maxConnections = MAX_ALL

  async function admit(socket: Socket): Promise<boolean> {
    const isOurs = await isOurUser(socket)
    const [group, room] = isOurs ? [ours, MAX_OURS] : [strangers, MAX_STRANGERS]
    // Reset: a connection that was closed in good order stays in the kernel's table for a minute, where each look-up reads it.
    if (group.size >= room) socket.resetAndDestroy()
    if (socket.destroyed) return false
    group.add(socket)
    socket.once('close', () => group.delete(socket))
    return isOurs
  }

  server.on('connection', (socket) => {
    // Later its other end may be gone, and with it the answer.
    users.set(socket, admit(socket))
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  server.on('request', ({ socket }) => unused.delete(socket))

  return {
    isOurs: async (socket) => (await users.get(socket)) === true,
    async closeUnused() {
      // What was accepted in this turn is not read yet, and may have a request on it.
      await turn()
      for (const socket of unused) if (socket.bytesRead === 0) socket.destroy()
    },
  }
}
