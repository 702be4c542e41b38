/** The open requests, and the ids that still expect a response. */
import type { Id, Message } from './stdio-message.ts'

export type Request = {
  message: Message
  /** The ids without a response yet; several in a batch. */
  waiting: Set<Id>
  abort: AbortController
  /** True if the server may have received the request. */
  isOut: boolean
}

export type Requests = {
  begin(message: Message): Request
  /** Removes a finished request. */
  end(request: Request): void
  /** Removes this id from its request, and returns that request; null if no request has the id. */
  drop(id: unknown): Request | null
  all(): Request[]
}

export function createRequests(): Requests {
  const underWay = new Set<Request>()
  return {
    begin(message) {
      const request = {
        message,
        waiting: new Set(message.ids),
        abort: new AbortController(),
        isOut: false,
      }
      underWay.add(request)
      return request
    },
    end(request) {
      underWay.delete(request)
    },
    drop(id) {
      for (const request of underWay) {
        const known = [...request.waiting].find((one) => one === id)
        if (known !== undefined && request.waiting.delete(known)) return request
      }
      return null
    },
    all: () => [...underWay],
  }
}
