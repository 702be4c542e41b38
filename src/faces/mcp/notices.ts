/** Sends `resources/updated` to subscribers. One reader of the event log and one session listener serve all of them. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { AppError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { EVENT_KINDS, type Event, KINDS } from '../../model/events.ts'
import { type Call, OWNER } from '../../operations/call.ts'
import type { Door, EventReading } from '../../operations/door.ts'
import { chatIds, messageIds } from './known-ids.ts'
import { createPacer } from './pacer.ts'
import { chatUris, messageUris, STATUS_URI } from './uris.ts'

/**
 * The subscribers of both protocol versions: streams of `subscriptions/listen`, and sessions that called
 * `resources/subscribe`. The router keeps them, because it handles those requests. A server of server.ts handles neither; it
 * declares the capability `resources: { subscribe: true }`, which both require.
 */
export type Audience = {
  /** Notifies the subscribers of exactly this URI, as they wrote it. Never throws. */
  resourceUpdated(uri: string): void
  /** True if there are no subscribers. The event log is not read then. */
  isEmpty(): boolean
  /** Calls `run` when the first subscriber arrives and when the last one leaves; check `isEmpty`. Cannot be undone. */
  onChange(run: () => void): void
}

/** The kinds of events that change what a chat or message resource contains. */
const TOLD = EVENT_KINDS.filter((kind) => KINDS.get(kind)?.changesMessage)
/** The admission of the shared reader. Each subscriber was admitted when it subscribed. */
const NOTICES = { name: 'notices', scope: 'read', needs: 'nothing' } as const

/** The server's own call. It lasts as long as the endpoint. */
const OWN_CALL: Omit<Call, 'account'> = {
  caller: OWNER,
  face: 'mcp',
  client: null,
  requestId: 'notices',
  canAsk: false,
  signal: new AbortController().signal,
}

/** Events that are read at once. */
const PAGE = 50
/** An event log that cannot be opened is retried at this interval, and at every change of the session. */
const RETRY_MS = 5_000

/**
 * Notifies the subscribers of changes until the returned function is called. Reads the event log only while there are
 * subscribers, from the time when the first one arrived. If reading ends for a reason that may pass (no account, another
 * account, a disk error), it restarts automatically, from the last cursor if that is still valid.
 */
export function startNotices(
  { door, account, log }: { door: Door; account: string; log: Log },
  audience: Audience,
): () => void {
  const { events, reader, onStatus, clock } = door.admit(NOTICES, { ...OWN_CALL, account })
  const pacer = createPacer(clock, audience.resourceUpdated)
  let reading: EventReading | null = null
  /** Cursor of the last event that was handled; undefined: read from now on. */
  let reached: string | undefined
  let cancelRetry = () => {}
  let isOver = false

  function follow(): void {
    cancelRetry()
    if (isOver || audience.isEmpty()) {
      reached = undefined
      return reading?.close()
    }
    if (reading !== null) return
    try {
      reading = open()
    } catch (error) {
      return retry(error)
    }
    void read(reading).then((failure) => {
      reading = null
      // The next archive is opened in the same turn in which the previous one is closed.
      if (failure === null) follow()
      else retry(failure)
    })
  }

  function retry(failure: unknown): void {
    // Usually because no account is linked yet.
    log.debug({ err: failure }, 'the event log cannot be read; subscribers receive no updates')
    cancelRetry = clock.after(RETRY_MS, follow)
  }

  function open(): EventReading {
    try {
      return events.open({ after: reached, kinds: TOLD })
    } catch (error) {
      if (!(error instanceof AppError) || !error.code.startsWith('cursor_')) throw error
      return events.open({ kinds: TOLD })
    }
  }

  /** Reads until the reading ends. Returns the error, or null. Never throws. */
  async function read(mine: EventReading): Promise<unknown> {
    try {
      while (!mine.ended.aborted) {
        const { events, hasMore } = await mine.next(PAGE)
        for (const event of events) await tell(event)
        reached = mine.cursor()
        await (hasMore ? nextTurn() : mine.grown())
      }
      return null
    } catch (error) {
      return error
    } finally {
      mine.close()
    }
  }

  /** Notifies all spellings of the address: a subscription by LID stays valid when the phone number becomes known. */
  async function tell({ kind, chat, message, data }: Event): Promise<void> {
    const known = reader()
    const id = kind === 'message.forgotten' ? data.id : (message?.id ?? null)
    const uris = [
      ...(chat === null ? [] : await chatIds(chat.id, known)).flatMap(chatUris),
      ...(id === null ? [] : await messageIds(id, known)).flatMap(messageUris),
    ]
    for (const uri of uris) pacer.tell(uri)
  }

  const stopListening = onStatus(() => {
    if (audience.isEmpty()) return
    pacer.tell(STATUS_URI)
    // The archive of a newly linked account is opened right after the session reports the link.
    queueMicrotask(follow)
  })
  audience.onChange(follow)
  follow()
  return () => {
    isOver = true
    stopListening()
    follow()
    pacer.stop()
  }
}
