/** Subscriptions of clients: admitted one by one, only to URIs that a resource can have, and only to a limited number. */
import { ProtocolError, type Server, type ServerEventBus } from '@modelcontextprotocol/server'
import { toAppError } from '../../errors.ts'
import type { Call } from '../../operations/call.ts'
import { callerOf } from './callers.ts'
import { RPC, requestIdOf } from './exchange.ts'
import { toProtocolError } from './failure.ts'

/** For one session or one stream. */
const MOST_SUBSCRIPTIONS = 200

/** The caller that a subscription or a stream belongs to. */
export type Subscriber = Pick<Call, 'caller' | 'client' | 'requestId' | 'signal'>

/** Decides about subscriptions. */
export type SubscriptionGate = {
  /** Returns true if a resource has or can have this URI. */
  isResource(uri: string): boolean
  /**
   * Admits a stream of notifications, or, with a URI, a subscription to this resource.
   * @throws AppError like `Door.admit`; `chat_not_found` if the caller does not see its chat
   */
  admit(subscriber: Subscriber, uri?: string): void
}

const NO_SUCH =
  'This resource does not exist. Next step: use a URI from resources/list, or fill in a template from resources/templates/list.'
const TOO_MANY = `A client can subscribe to at most ${MOST_SUBSCRIPTIONS} resources. Next step: unsubscribe from some first.`

/** Returns a sentence that says why these subscriptions are rejected, or null. The SDK rejects what is not a list. */
export function checkSubscriptions(uris: unknown, isResource: SubscriptionGate['isResource']): string | null {
  if (!Array.isArray(uris)) return null
  if (uris.length > MOST_SUBSCRIPTIONS) return TOO_MANY
  return uris.every((uri) => typeof uri !== 'string' || isResource(uri)) ? null : NO_SUCH
}

/**
 * Handles `resources/subscribe` and `resources/unsubscribe` if the server declares them. Returns a function that ends
 * all subscriptions.
 */
export function takeSubscriptions(server: Server, bus: ServerEventBus, gate: SubscriptionGate): () => void {
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
    server.setRequestHandler('resources/subscribe', ({ params: { uri } }, ctx) => {
      const refusal = checkSubscriptions([...uris, uri], gate.isResource)
      if (refusal !== null && !uris.has(uri)) throw new ProtocolError(RPC.invalidParams, refusal)
      const requestId = requestIdOf(ctx)
      try {
        const client = server.getClientVersion()?.name ?? null
        const caller = callerOf(ctx.http?.authInfo)
        gate.admit({ caller, client, requestId, signal: ctx.mcpReq.signal }, uri)
      } catch (error) {
        throw toProtocolError(toAppError(error), requestId, (text) => text)
      }
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
