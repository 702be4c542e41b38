/** A few threads that answer requests. They start when they are needed, and end when they are idle. */
import { availableParallelism } from 'node:os'
import { AppError } from '../errors.ts'
import { type Job, openThread, type Thread, tooLate } from './thread.ts'
import { fromPlain } from './thread-port.ts'

/** The longest time that a request waits for its turn, and the longest time that it runs. */
const LIMIT_MS = 2_000
/** The most threads that still run a request over its time limit, beside those that replace them. */
const MOST_LATE = 2
/** If a thread cannot start, none is tried for this time. */
const BROKEN_MS = 60_000
/** {@link Threads.close} waits this long for requests over their time limit. */
const CLOSE_MS = 5_000

/** How a request is run. */
export type AskOptions = {
  /** It can take longer than a few milliseconds. Such requests never take all threads. */
  isLong?: boolean
  /** The request leaves the queue when this is aborted, and rejects with its reason. */
  signal?: AbortSignal | undefined
  /** Only in this thread, which has state for it. */
  at?: At | undefined
}

/** The thread that answered, for later requests. */
export type At = Thread<Waiting>

/** The requests about one archive. While there are others, they never take all threads. */
export type Requests = {
  /**
   * Sends this message, as a structured clone. The caller is responsible for the type of the value. Rejects with
   * `whatsapp_timeout` after the time limit, with `archive_unavailable` if the thread crashed, with `shutting_down` after
   * {@link Requests.end}, and as the thread does.
   */
  ask<Value>(message: unknown, options?: AskOptions): Promise<{ value: Value; at: At }>
  /**
   * Calls `work` while none of these requests runs, and returns its result; requests that arrive meanwhile wait. One that
   * exceeded its time limit may still run.
   */
  alone<Result>(work: () => Result): Promise<Result>
  /** Rejects what waits, and sends `farewell` to every thread that answered. Resolves when they have handled it. */
  end(farewell: unknown): Promise<void>
}

export type Threads = {
  open(): Requests
  /** True if threads answer. If not, starts one; if none can start, once a minute. */
  isReady(): boolean
  /** Ends all threads. Resolves when they have ended, or after 5 s. */
  close(): Promise<void>
}

type Waiting = Job & { isLong: boolean; of: Requests; at: At | undefined; since: number; take(at: At): void }

/** @param script returns the module that threads run, which calls `serveRequests` */
export function createThreads(script: () => URL, limitMs = LIMIT_MS): Threads {
  const opened = new Set<Requests>()
  const threads = new Set<At>()
  let waiting: Waiting[] = []
  /** Work that waits until none of these requests runs. */
  const alone = new Set<{ of: Requests; run(): void }>()
  /** Why no thread could start, and until when none is tried. */
  let broken: { cause: unknown; until: number } | null = null
  let isClosed = false
  // Asked once, because the system reads files for it.
  const cores = availableParallelism()

  /** At least two, so that a long request leaves one for the others. */
  const most = () => Math.max(2, Math.min(4, cores - 1, opened.size + 1))
  const inState = (...states: ReturnType<At['state']>[]) =>
    [...threads].filter((thread) => states.includes(thread.state()))
  /** Threads that take requests, now or soon. */
  const usable = () => inState('starting', 'idle', 'busy')
  const isBroken = () => broken !== null && performance.now() < broken.until

  function start(): void {
    let wasReady = false
    try {
      const thread: At = openThread({
        script: script(),
        limitMs,
        onChange(cause) {
          if (thread.state() !== 'gone') {
            if (!wasReady && thread.state() === 'idle') becameReady()
            wasReady ||= thread.state() === 'idle'
            return proceed()
          }
          threads.delete(thread)
          refuse(({ at }) => at === thread, new AppError('archive_unavailable', { cause }))
          if (!wasReady && cause !== undefined) markBroken(cause)
          proceed()
        },
      })
      threads.add(thread)
    } catch (cause) {
      markBroken(cause)
    }
  }

  /** A thread has started. If it is the only one, the time limit of the requests that wait begins now. */
  function becameReady(): void {
    broken = null
    if (inState('idle', 'busy').length === 1) for (const job of waiting) job.since = performance.now()
  }

  function markBroken(cause: unknown): void {
    broken = { cause, until: performance.now() + BROKEN_MS }
  }

  function refuse(which: (job: Waiting) => boolean, error: AppError): void {
    const refused = waiting.filter(which)
    waiting = waiting.filter((job) => !which(job))
    for (const job of refused) job.refuse(error)
  }

  const jobs = () => inState('busy').flatMap((thread) => thread.job() ?? [])

  /** True if others leave room for this request. */
  function mayRun({ of, isLong }: Waiting): boolean {
    if ([...alone].some((one) => one.of === of)) return false
    const running = jobs()
    const share = most() - 1
    if (isLong && running.filter((job) => job.isLong).length >= share) return false
    return opened.size < 2 || running.filter((job) => job.of === of).length < share
  }

  /** Gives waiting requests to idle threads, the oldest first, and starts a thread if one is missing. */
  function proceed(): void {
    // The time until the first thread has started does not count: see `becameReady`.
    if (inState('idle', 'busy').length > 0) {
      const earliest = performance.now() - limitMs
      refuse(({ since }) => since < earliest, tooLate())
    }
    for (const one of [...alone]) {
      if (!jobs().some(({ of }) => of === one.of) && alone.delete(one)) one.run()
    }
    for (const job of [...waiting]) {
      const idle = inState('idle')
      const thread = job.at === undefined ? idle[0] : idle.find((one) => one === job.at)
      if (thread === undefined || !mayRun(job)) continue
      waiting = waiting.filter((one) => one !== job)
      job.take(thread)
      thread.run(job)
    }
    const isMissing = waiting.some((job) => job.at === undefined && mayRun(job))
    if (isMissing && inState('starting').length === 0) startAnother()
    if (usable().length > 0) return
    if (isBroken()) refuse(() => true, new AppError('archive_unavailable', { cause: broken?.cause }))
    // All of them still run a request over its time limit.
    else refuse(({ at }) => at === undefined, tooLate())
  }

  function startAnother(): void {
    const isFull = usable().length >= most() || inState('late').length > MOST_LATE
    if (!isClosed && !isBroken() && !isFull) start()
  }

  function openRequests(): Requests {
    const used = new Set<At>()
    const requests: Requests = {
      ask(message, { isLong = false, signal, at } = {}) {
        if (isClosed || !opened.has(requests)) return Promise.reject(new AppError('shutting_down'))
        if (signal?.aborted) return Promise.reject(signal.reason)
        if (at?.state() === 'gone') return Promise.reject(new AppError('archive_unavailable'))
        return new Promise((resolve, reject) => {
          let taker = at
          const cancel = () => {
            waiting = waiting.filter((one) => one !== job)
            reject(signal?.reason)
          }
          const done = () => signal?.removeEventListener('abort', cancel)
          const job: Waiting = {
            message,
            isLong,
            of: requests,
            at,
            since: performance.now(),
            take(thread) {
              taker = thread
              used.add(thread)
            },
            settle(reply) {
              done()
              if ('error' in reply) reject(fromPlain(reply.error))
              else if (taker !== undefined) resolve({ value: reply.value as never, at: taker })
            },
            refuse(error) {
              done()
              reject(error)
            },
          }
          signal?.addEventListener('abort', cancel)
          waiting.push(job)
          proceed()
        })
      },
      alone: (work) =>
        new Promise((resolve, reject) => {
          const run = () => {
            try {
              resolve(work())
            } catch (error) {
              reject(error)
            }
          }
          alone.add({ of: requests, run })
          proceed()
        }),
      async end(farewell) {
        refuse(({ of }) => of === requests, new AppError('shutting_down'))
        const told = [...used].map((at) => requests.ask(farewell, { at }))
        opened.delete(requests)
        await Promise.allSettled(told)
      },
    }
    return requests
  }

  return {
    open() {
      const requests = openRequests()
      opened.add(requests)
      return requests
    },
    isReady() {
      if (inState('idle', 'busy').length > 0) return true
      // Requests exceed their time limit: in the caller's own thread, others might block it as long.
      if (inState('late').length > 0 && !isBroken()) return true
      if (inState('starting').length === 0) startAnother()
      return false
    },
    async close() {
      isClosed = true
      refuse(() => true, new AppError('shutting_down'))
      const ended = Promise.all([...threads].map((thread) => thread.end()))
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref())])
    },
  }
}
