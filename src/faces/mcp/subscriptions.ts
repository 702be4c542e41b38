/** What a client may subscribe to: resources that there can be, and not too many of them. */
import { ProtocolError, type Server, type ServerEventBus } from '@modelcontextprotocol/server'
import { RPC } from './exchange.ts'

/** Of one session, or of one stream. */
const MOST_SUBSCRIPTIONS = 200

export type IsResource = (uri: string) => boolean

const NO_SUCH =
  'There is no such resource to subscribe to. Next step: use a URI of resources/list, or fill in a template of resources/templates/list.'
const TOO_MANY = `At most ${MOST_SUBSCRIPTIONS} resources can be subscribed to. Next step: unsubscribe from some first.`

/** Why these URIs cannot be subscribed to together, as a sentence; null if they can. What is no list is left to the SDK. */
export function checkSubscriptions(uris: unknown, isResource: IsResource): string | null {
  if (!Array.isArray(uris)) return null
  if (uris.length > MOST_SUBSCRIPTIONS) return TOO_MANY
  return uris.every((uri) => typeof uri !== 'string' || isResource(uri)) ? null : NO_SUCH
}

/** `resources/subscribe` and its opposite, where the server declares them. Returns what takes all of them back. */
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
