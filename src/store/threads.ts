/**
 * A few threads that answer requests, each one at a time. They start when they are needed and end when they are idle. A thread
 * is never terminated: libsql 0.5.29 aborts the process if its thread ends during a call. A thread that exceeds the time limit
 * is replaced, and ends after that call.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { AppError } from '../errors.ts'
import { fromPlain, type Reply } from './thread-port.ts'

/** The longest time that a request waits for its turn, and the longest time that it runs. */
const LIMIT_MS = 2_000
/** A thread without requests ends after this time. */
const IDLE_MS = 60_000
/** The most threads that still run a request over its time limit, beside those that replace them. */
const MOST_LATE = 2
/** Young objects are results of one call. With Node's default, a thread takes 36 MB in place of 30. */
const RESOURCES = { maxYoungGenerationSizeMb: 8 }
/** {@link Threads.close} waits this long for requests over their time limit. */
const CLOSE_MS = 5_000

/** How a request is run. */
export type AskOptions = {
  /** It can take longer than a few milliseconds. Such requests never take all threads. */
  isLong?: boolean
  /** The request leaves the queue when this is aborted, and rejects with its reason. */
  signal?: AbortSignal | undefined
  /** Only in this thread, which has state for it. */
  at?: Thread | undefined
}

/** A thread, as {@link Requests.ask} returns it. */
export type Thread = {
  readonly worker: Worker
  /** False while its module is loading. */
  isReady: boolean
  /** The request that it runs. */
  current: Waiting | null
  /** Those that it has answered. */
  readonly served: Set<Requests>
  /** Requests that will follow in this thread, which does not end meanwhile. */
  holds: number
  cancelTimer(): void
}

/** The requests about one archive. While there are others, they never take all threads. */
export type Requests = {
  /**
   * Sends this message, as a structured clone. The caller is responsible for the type of the value. Rejects with `whatsapp_timeout` after the time limit, with
   * `archive_unavailable` if the thread crashed, and as the thread does.
   */
  ask<Value>(message: unknown, options?: AskOptions): Promise<{ value: Value; at: Thread }>
  /** Rejects what waits, and sends `farewell` to every thread that answered. Resolves when they have handled it. */
  end(farewell: unknown): Promise<void>
}

export type Threads = {
  open(): Requests
  /** True if a thread can answer. If not, starts one. */
  isReady(): boolean
  /** Ends all threads. Resolves when they have ended, or after 5 s. */
  close(): Promise<void>
}

type Waiting = Required<Pick<AskOptions, 'isLong'>> & {
  message: unknown
  of: Requests
  at: Thread | undefined
  since: number
  settle(reply: Reply, at: Thread): void
  refuse(error: unknown): void
}

/** @param script returns the module that threads run, which calls `serveRequests` */
export function createThreads(script: () => URL, limitMs = LIMIT_MS): Threads {
  const opened = new Set<Requests>()
  let waiting: Waiting[] = []
  let current: Thread[] = []
  /** Threads that run a request over its time limit. */
  const late = new Set<Thread>()
  const alive = new Set<Thread>()
  let onExit = () => {}
  // Asked once, because the system reads files for it.
  const cores = availableParallelism()
  let isClosed = false

  /** At least two, so that a long request leaves one for the others. */
  const most = () => Math.max(2, Math.min(4, cores - 1, opened.size + 1))

  function start(): Thread {
    const worker = new Worker(script(), { execArgv: [], resourceLimits: RESOURCES })
    // A program that has nothing else to do ends.
    worker.unref()
    const thread: Thread = {
      worker,
      isReady: false,
      current: null,
      served: new Set(),
      holds: 0,
      cancelTimer: () => {},
    }
    worker.on('message', (reply: Reply | 'ready') => {
      thread.cancelTimer()
      if (reply === 'ready') {
        thread.isReady = true
        rest(thread)
        return proceed()
      }
      const job = thread.current
      thread.current = null
      if (late.has(thread)) end(thread)
      else rest(thread)
      job?.settle(reply, thread)
      proceed()
    })
    worker.on('error', (cause) => lose(thread, cause))
    worker.on('exit', () => {
      alive.delete(thread)
      lose(thread, new Error('the thread has ended'))
      onExit()
    })
    alive.add(thread)
    current.push(thread)
    return thread
  }

  function timer(ms: number, run: () => void): () => void {
    const timeout = setTimeout(run, ms)
    timeout.unref()
    return () => clearTimeout(timeout)
  }

  function rest(thread: Thread): void {
    thread.cancelTimer = timer(IDLE_MS, () => (thread.holds > 0 ? rest(thread) : end(thread)))
  }

  /** The thread ends by itself once it has answered. */
  function end(thread: Thread): void {
    thread.cancelTimer()
    current = current.filter((one) => one !== thread)
    thread.worker.postMessage(null)
  }

  /** Fails the request of a thread that crashed, and those that only this thread can answer. */
  function lose(thread: Thread, cause: Error): void {
    thread.cancelTimer()
    current = current.filter((one) => one !== thread)
    late.delete(thread)
    const lost = [...waiting.filter(({ at }) => at === thread), thread.current]
    thread.current = null
    for (const job of lost) {
      if (job === null) continue
      leave(job)
      job.refuse(new AppError('archive_unavailable', { cause }))
    }
    proceed()
  }

  function run(thread: Thread, job: Waiting): void {
    thread.cancelTimer()
    thread.current = job
    thread.served.add(job.of)
    thread.cancelTimer = timer(limitMs, () => {
      current = current.filter((one) => one !== thread)
      late.add(thread)
      job.refuse(tooLate())
      proceed()
    })
    thread.worker.postMessage(job.message)
  }

  /** True if others leave room for this request. */
  function mayRun({ of, isLong }: Waiting): boolean {
    const running = current.map((thread) => thread.current).filter((job) => job !== null)
    const share = most() - 1
    if (isLong && running.filter((job) => job.isLong).length >= share) return false
    return opened.size < 2 || running.filter((job) => job.of === of).length < share
  }

  function threadFor({ at }: Waiting): Thread | null {
    if (at !== undefined) return at.current === null ? at : null
    return current.find((thread) => thread.isReady && thread.current === null) ?? null
  }

  function leave(job: Waiting): void {
    waiting = waiting.filter((one) => one !== job)
  }

  /** Gives waiting requests to idle threads, the oldest first. */
  function proceed(): void {
    const oldest = current.some(({ isReady }) => isReady) ? performance.now() - limitMs : 0
    for (const job of [...waiting]) {
      const thread = job.since < oldest || !mayRun(job) ? null : threadFor(job)
      if (thread === null && job.since >= oldest) continue
      leave(job)
      if (thread === null) job.refuse(tooLate())
      else run(thread, job)
    }
    const isStarting = current.some(({ isReady }) => !isReady)
    const mayStart = !isClosed && !isStarting && current.length < most() && late.size <= MOST_LATE
    if (mayStart && waiting.some((job) => job.at === undefined && mayRun(job))) start()
  }

  return {
    isReady() {
      if (current.some(({ isReady }) => isReady)) return true
      if (current.length === 0 && !isClosed) start()
      return false
    },
    open() {
      const requests: Requests = {
        ask: (message, { isLong = false, signal, at } = {}) => {
          if (isClosed || !opened.has(requests)) return Promise.reject(new AppError('shutting_down'))
          if (signal?.aborted) return Promise.reject(signal.reason)
          return new Promise((resolve, reject) => {
            const cancel = () => {
              leave(job)
              reject(signal?.reason)
            }
            const done = () => signal?.removeEventListener('abort', cancel)
            const job: Waiting = {
              message,
              isLong,
              of: requests,
              at,
              since: performance.now(),
              settle(reply, at) {
                done()
                if ('error' in reply) reject(fromPlain(reply.error))
                else resolve({ value: reply.value as never, at })
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
        async end(farewell) {
          for (const job of waiting.filter(({ of }) => of === requests)) {
            leave(job)
            job.refuse(new AppError('shutting_down'))
          }
          const told = [...alive]
            .filter(({ served }) => served.has(requests))
            .map((at) => requests.ask(farewell, { at }))
          opened.delete(requests)
          await Promise.allSettled(told)
          for (const { served } of alive) served.delete(requests)
        },
      }
      opened.add(requests)
      return requests
    },
    async close() {
      isClosed = true
      for (const job of waiting.splice(0)) job.refuse(new AppError('shutting_down'))
      for (const thread of [...current]) end(thread)
      for (const { worker } of alive) worker.ref()
      await new Promise<void>((resolve) => {
        const cancel = timer(CLOSE_MS, resolve)
        onExit = () => {
          if (alive.size > 0) return
          cancel()
          resolve()
        }
        onExit()
      })
    },
  }
}

function tooLate(): AppError {
  return new AppError('whatsapp_timeout', {
    detail: 'The archive did not return the result in time.',
    hint: 'Ask for less: a smaller limit, fewer words with *, or a shorter range of time.',
  })
}
