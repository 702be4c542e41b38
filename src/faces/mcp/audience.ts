/** The subscribers of both protocol versions, on one bus. The SDK's streams use the same bus. */
import { InMemoryServerEventBus, type ServerEventBus } from '@modelcontextprotocol/server'
import type { Audience } from './notices.ts'

/** @returns `bus`: every listener on it counts as a subscriber until it unsubscribes */
export function createAudience(): { audience: Audience; bus: ServerEventBus } {
  const inner = new InMemoryServerEventBus()
  const watchers: (() => void)[] = []
  const isEmpty = () => inner.listenerCount === 0
  function changing(change: () => void): void {
    const before = isEmpty()
    change()
    if (isEmpty() !== before) for (const run of watchers) run()
  }
  return {
    bus: {
      publish: (event) => inner.publish(event),
      subscribe(listener) {
        let leave = () => {}
        changing(() => {
          leave = inner.subscribe(listener)
        })
        return () => changing(leave)
      },
    },
    audience: {
      resourceUpdated: (uri) => inner.publish({ kind: 'resource_updated', uri }),
      isEmpty,
      onChange: (run) => void watchers.push(run),
    },
  }
}
