/** Everybody who subscribed to changes, in both eras, on the one bus that the SDK's streams listen to as well. */
import { InMemoryServerEventBus, type ServerEventBus } from '@modelcontextprotocol/server'
import type { Audience } from './notices.ts'

/** @returns `bus`: where a listener of any era counts as somebody from `subscribe` until it takes that back */
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
