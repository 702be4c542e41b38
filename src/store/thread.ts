/**
 * One thread that runs one job at a time. It is never terminated: libsql 0.5.29 aborts the process if its thread ends during a
 * call. A thread whose job exceeds the time limit ends after that job.
 */
import { Worker } from 'node:worker_threads'
import { AppError } from '../errors.ts'
import type { Reply } from './thread-port.ts'

/** Young objects are results of one call. With Node's default, a thread takes 36 MB in place of 30. */
const RESOURCES = { maxYoungGenerationSizeMb: 8 }
/** A thread without jobs ends after this time. */
const IDLE_MS = 60_000

/** A message, and what happens with the reply. Exactly one of the two functions is called, once. */
export type Job = {
  readonly message: unknown
  settle(reply: Reply): void
  refuse(error: AppError): void
}

export type Thread<Kind extends Job> = {
  /** `late`: its job exceeded the time limit and still runs. `ending`: it takes no more jobs. */
  state(): 'starting' | 'idle' | 'busy' | 'late' | 'ending' | 'gone'
  job(): Kind | null
  /** Only while it is idle. */
  run(job: Kind): void
  /** Keeps the thread although it is idle, until the returned function is called: later jobs need its state. */
  keep(): () => void
  /** Takes no more jobs. Resolves when the thread has ended. */
  end(): Promise<void>
}

export type ThreadOptions = {
  script: URL
  limitMs: number
  /** Called after the state has changed. `cause`: why the thread is gone although nobody ended it. */
  onChange(cause?: unknown): void
}

/** Throws if the system cannot start a thread. */
export function openThread<Kind extends Job>({ script, limitMs, onChange }: ThreadOptions): Thread<Kind> {
  const worker = new Worker(script, { execArgv: [], resourceLimits: RESOURCES })
  // A program that has nothing else to do ends.
  worker.unref()
  let state: ReturnType<Thread<Kind>['state']> = 'starting'
  let job: Kind | null = null
  let kept = 0
  let cancelTimer = () => {}
  const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()))

  function setTimer(ms: number, run: () => void): void {
    cancelTimer()
    const timer = setTimeout(run, ms)
    timer.unref()
    cancelTimer = () => clearTimeout(timer)
  }

  function rest(): void {
    state = 'idle'
    setTimer(IDLE_MS, () => (kept > 0 ? rest() : close()))
  }

  /** The thread closes its port after its job, and ends by itself. */
  function close(): void {
    cancelTimer()
    state = 'ending'
    worker.postMessage(null)
    onChange()
  }

  function lose(cause: unknown): void {
    if (state === 'gone') return
    cancelTimer()
    const wasExpected = state === 'ending' && job === null
    state = 'gone'
    job?.refuse(new AppError('archive_unavailable', { cause }))
    job = null
    onChange(wasExpected ? undefined : cause)
  }

  worker.on('message', (reply: Reply | 'ready') => {
    const done = job
    job = null
    if (state === 'late') close()
    else if (state !== 'ending') rest()
    if (reply !== 'ready') done?.settle(reply)
    onChange()
  })
  worker.on('error', lose)
  worker.on('exit', () => lose(new Error('the thread has ended')))

  return {
    state: () => state,
    job: () => job,
    run(next) {
      job = next
      state = 'busy'
      setTimer(limitMs, () => {
        state = 'late'
        job = null
        next.refuse(tooLate())
        onChange()
      })
      worker.postMessage(next.message)
    },
    keep() {
      kept += 1
      return () => {
        kept -= 1
      }
    },
    end() {
      if (state !== 'ending' && state !== 'gone') close()
      worker.ref()
      return gone
    },
  }
}

/** The error of a job that exceeded its time limit. */
export function tooLate(): AppError {
  return new AppError('whatsapp_timeout', {
    detail: 'The archive did not return the result in time.',
    hint: 'Ask for less: a smaller limit, fewer words with *, or a shorter range of time.',
  })
}
