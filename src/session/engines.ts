/** The engines of a session, one after the other: at most one is current, and none opens before the earlier browsers are closed. */
import type { Engine, EngineEvent, OpenEngine } from '../engine/engine.ts'
import type { Log } from '../log.ts'

/** What engines require of their session. */
export type EngineHooks = {
  openEngine: OpenEngine
  log: Log
  /** An event of the current engine. Those of earlier engines are ignored. */
  onEvent(event: EngineEvent): void
  /** The engine of the last {@link Engines.open} could not be opened, or an earlier one could not be closed. */
  onFailed(error: unknown): void
  /** The current engine is being dropped, or there was none. */
  onDrop(): void
}

export type Engines = {
  current(): Engine | null
  /** Opens an engine once every earlier browser is closed. Call {@link Engines.drop} before. */
  open(): void
  /**
   * Drops the current engine: ignores its later events, runs `farewell`, closes its browser. The only way to
   * drop one.
   */
  drop(farewell?: (leaving: Engine) => Promise<void>): void
  /** Returns a function that is true until the next {@link Engines.drop}. */
  mark(): () => boolean
  /** Runs `work` once every earlier browser is closed. A later engine waits for it. */
  afterwards(work: () => Promise<void>): void
  /** Settles when every earlier engine is closed and its leftovers are removed. */
  closed(): Promise<void>
}

export function createEngines({ openEngine, log, onEvent, onFailed, onDrop }: EngineHooks): Engines {
  let engine: Engine | null = null
  let generation = 0
  let closed: Promise<void> = Promise.resolve()

  function mark(): () => boolean {
    const mine = generation
    return () => mine === generation
  }

  return {
    current: () => engine,
    open() {
      const isCurrent = mark()
      closed = closed
        .then(async () => {
          if (!isCurrent()) return
          const opened = await openEngine({ emit: (event) => isCurrent() && onEvent(event) })
          if (isCurrent()) engine = opened
          else await opened.close()
        })
        .catch((error) => {
          log.error({ err: error }, 'the engine could not be opened')
          if (isCurrent()) onFailed(error)
        })
    },
    drop(farewell = async () => {}) {
      generation += 1
      const leaving = engine
      engine = null
      onDrop()
      if (leaving === null) return
      const gone = farewell(leaving).then(() => leaving.close())
      closed = Promise.all([closed, gone]).then(() => {})
    },
    mark,
    afterwards(work) {
      closed = closed.then(work)
    },
    closed: () => closed,
  }
}
