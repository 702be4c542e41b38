/** Ends a connection whose client may still be sending, so that it gets the response. */
import { Socket } from 'node:net'

/** Enough for a client that reads only once all is sent; a slow sender is not waited for. */
const LINGER_MS = 2_000
/** As large as the largest upload by default. */
const LINGER_BYTES = 64 * 2 ** 20

/**
 * Ends our half of the connection, then reads and discards what still arrives until the client ends its half, for at most 2 s and
 * 64 MiB. A socket that is closed with unread data is reset, and the client may lose the response (RFC 9112, 9.6).
 */
export function hangUp(socket: Socket): void {
  let left = LINGER_BYTES
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
  // The parser's listener: what still arrives is no request.
  socket.removeAllListeners('data')
  socket.on('data', (piece) => {
    left -= piece.length
    if (left < 0) socket.destroy()
  })
  // The parser may have stopped the reading of the socket: this begins it again, and adds nothing.
  socket.push('')
  socket.resume()
  socket.end()
}

/** Makes Node hang up like this, if this response is the last one of its connection (node:http `resOnFinish`). */
export function hangUpAfterwards(socket: Socket): void {
  if (socket instanceof Socket) socket.destroySoon = () => hangUp(socket)
}
