/**
 * Keeps the JSON of an answer beside the `Response` that the SDK makes of it. The body of a `Response` is a stream, and reading it
 * takes longer than all other work for a small answer.
 */
import type { Server } from '@modelcontextprotocol/server'

/**
 * Makes the server call `keep` with its result as JSON, if the result is all that it sends. The transport then receives an empty
 * result, because only the status and headers of its response are used.
 * @param server serves one request, and is not connected yet
 */
export function keepText<S extends Pick<Server, 'connect'>>(server: S, keep: (text: string) => void): S {
  const connect = server.connect.bind(server)
  server.connect = async (transport) => {
    const send = transport.send.bind(transport)
    let isStream = false
    transport.send = (message, options) => {
      isStream ||= 'method' in message
      if (isStream || !('result' in message)) return send(message, options)
      keep(JSON.stringify(message))
      return send({ ...message, result: {} }, options)
    }
    await connect(transport)
  }
  return server
}

/** Returns the response, whose text is this one. Its body is not read. */
export function withText(response: Response, text: string): Response {
  return Object.assign(response, { text: async () => text })
}
