/** Subscriptions of clients: only to URIs that a resource can have, and only to a limited number. */
import { ProtocolError, type Server, type ServerEventBus } from '@modelcontextprotocol/server'
import { RPC } from './exchange.ts'

/** For one session or one stream. */
const MOST_SUBSCRIPTIONS = 200

export type IsResource = (uri: string) => boolean

const NO_SUCH =
  'This resource does not exist. Next step: use a URI from resources/list, or fill in a template from resources/templates/list.'
const TOO_MANY = `A client can subscribe to at most ${MOST_SUBSCRIPTIONS} resources. Next step: unsubscribe from some first.`

/** Returns a sentence that says why these subscriptions are rejected, or null. The SDK rejects what is not a list. */
export function checkSubscriptions(uris: unknown, isResource: IsResource): string | null {
  if (!Array.isArray(uris)) return null
  if (uris.length > MOST_SUBSCRIPTIONS) return TOO_MANY
  return uris.every((uri) => typeof uri !== 'string' || isResource(uri)) ? null : NO_SUCH
}

/**
 * Handles `resources/subscribe` and `resources/unsubscribe` if the server declares them. Returns a function that ends
 * all subscriptions.
 */
export function takeSubscriptions(server: Server, bus: ServerEventBus, isResource: IsResource): () => void {
  const uris = new Set<string>()
  let leave: (() => void) | null = null
  function changed(): void {
    if (uris.size > 0) {
      leave ??= bus.subscribe((event) => {
        if (event.kind !== 'resource_updated' || !uris.has(event.uri)) return
        const { uri } = event
        server.notification({ method: 'notifications/resources/updated', params: { uri } }).catch(() => {})
      })
    } else {
      leave?.()
      leave = null
    }
  }
  if (server.getCapabilities().resources?.subscribe) {
    server.setRequestHandler('resources/subscribe', ({ params: { uri } }) => {
      const refusal = checkSubscriptions([...uris, uri], isResource)
      if (refusal !== null && !uris.has(uri)) throw new ProtocolError(RPC.invalidParams, refusal)
      uris.add(uri)
      changed()
      return {}
    })
    server.setRequestHandler('resources/unsubscribe', ({ params: { uri } }) => {
      uris.delete(uri)
      changed()
      return {}
    })
  }
  return () => {
    uris.clear()
    changed()
  }
}
