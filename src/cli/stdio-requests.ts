/** The requests under way, and who still waits for an answer to what. */
import type { Id, Message } from './stdio-message.ts'

export type Request = {
  message: Message
  /** What is not answered yet; several in a batch. */
  waiting: Set<Id>
  abort: AbortController
  /** May the server have it? */
  isOut: boolean
}

export type Requests = {
  begin(message: Message): Request
  /** It is over, whatever came of it. */
  end(request: Request): void
  /** Nobody waits for this id any more. The request that it is of; null where it is of none. */
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
