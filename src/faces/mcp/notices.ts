/** Tells whoever subscribed that a resource changed: one reader of the event log and one listener to the session for all. */
import { setImmediate as turn } from 'node:timers/promises'
import { AppError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Event, EventKind } from '../../model/events.ts'
import { type Call, DEFAULT_ACCOUNT, OWNER } from '../../operations/call.ts'
import type { Door, EventReading } from '../../operations/door.ts'
import { chatIds, messageIds } from './known-ids.ts'
import { createPacer } from './pacer.ts'
import { chatUris, messageUris, STATUS_URI } from './uris.ts'

/**
 * Whoever subscribed to changes, in both eras: streams of `subscriptions/listen`, and sessions that called
 * `resources/subscribe`. The router keeps them (it owns those requests; a server made here handles neither, and only declares
 * the capability `resources: { subscribe: true }`, without which nobody can subscribe). Who knows what changed tells them.
 */
export type Audience = {
  /** Tells everybody who subscribed to exactly this URI, as they wrote it. Never throws. */
  resourceUpdated(uri: string): void
  /** Nobody has subscribed to anything: nothing need be read for them. */
  isEmpty(): boolean
  /** `run` is called when the first one comes and when the last one has gone; look at `isEmpty`. Never undone. */
  onChange(run: () => void): void
}

/** What changes how a message reads. Acks are left out: several follow every own message, and nobody reads it again for them. */
const TOLD: readonly EventKind[] = [
  'message.received',
  'message.sent',
  'message.edited',
  'message.revoked',
  'message.forgotten',
  'message.reaction',
  'message.decrypted',
]
/** One reader for all subscribers: each of them was admitted when it subscribed. */
const NOTICES = { name: 'notices', scope: 'read', needs: 'nothing' } as const

/** A call that the server makes for itself, for as long as it runs. */
const OWN_CALL: Call = {
  caller: OWNER,
  face: 'mcp',
  client: null,
  account: DEFAULT_ACCOUNT,
  requestId: 'notices',
  canAsk: false,
  signal: new AbortController().signal,
}

/** Read in one go. */
const PAGE = 50
/** A log that cannot be opened is tried again this often, and at every change of the session. */
const RETRY_MS = 5_000

/**
 * Tells the audience of changes until the returned function is called. The log is read only while there is somebody, from
 * the moment they came; where reading ends for a reason that may pass (no account yet, another account, a disk that
 * fails) it begins again by itself, where it ended if that is still known.
 */
export function startNotices({ door, log }: { door: Door; log: Log }, audience: Audience): () => void {
  const { events, reader, onStatus, clock } = door.admit(NOTICES, OWN_CALL)
  const pacer = createPacer(clock, audience.resourceUpdated)
  let reading: EventReading | null = null
  /** Up to where everything was told; undefined: from now on. */
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
      // In the turn in which one archive is closed the next one is opened.
      if (failure === null) follow()
      else retry(failure)
    })
  }

  function retry(failure: unknown): void {
    // Not linked yet, most of the time.
    log.debug({ err: failure }, 'changes of messages cannot be told now')
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

  /** Until its end; what went wrong, or null. Never fails. */
  async function read(mine: EventReading): Promise<unknown> {
    try {
      while (!mine.ended.aborted) {
        const { events, hasMore } = mine.next(PAGE)
        for (const event of events) tell(event)
        reached = mine.cursor()
        await (hasMore ? turn() : mine.grown())
      }
      return null
    } catch (error) {
      return error
    } finally {
      mine.close()
    }
  }

  /** By every address: who subscribed by the LID goes on to hear when the phone becomes known. */
  function tell({ kind, chat, message, data }: Event): void {
    const known = reader()
    const id = kind === 'message.forgotten' ? data.id : (message?.id ?? null)
    const uris = [
      ...(chat === null ? [] : chatIds(chat.id, known).flatMap(chatUris)),
      ...(id === null ? [] : messageIds(id, known).flatMap(messageUris)),
    ]
    for (const uri of uris) pacer.tell(uri)
  }

  const stopListening = onStatus(() => {
    if (audience.isEmpty()) return
    pacer.tell(STATUS_URI)
    // The archive of an account that has just been linked is opened right after its session tells of it.
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
