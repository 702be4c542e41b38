/** Checks the archive's file in the background: soon after a start that follows a crash or a copy, later after a clean one. */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { startBackgroundCheck } from '../store/background-check.ts'
import type { Finding } from '../store/check.ts'
import { identity } from '../store/open-file.ts'
import type { Store } from '../store/store.ts'
import { createTimers } from './timers.ts'

/** The server listens and the browser starts first. */
const SOON_MS = 500
/** A file that was closed here can still be damaged, by the disk or by another program. */
const LATER_MS = 60_000

export type ArchiveCheck = {
  /** True while the file may be damaged and the result is not known. */
  isRunning(): boolean
  stop(): void
}

export type ArchiveCheckOptions = {
  store: Pick<Store, 'file' | 'key' | 'checkReason' | 'settle'>
  clock: Clock
  log: Log
  /** The file is damaged. */
  onDamaged: () => void
  /** The file is intact, or could not be checked; called at once if there is no reason to check it. */
  onDone: () => void
}

export function startArchiveCheck({
  store,
  clock,
  log,
  onDamaged,
  onDone,
}: ArchiveCheckOptions): ArchiveCheck {
  const timers = createTimers<'start'>(clock)
  const archive = { file: store.file, key: store.key, identity: identity(store.file) }
  const reason = store.checkReason()
  const why = reason ?? 'routine'
  let isRunning = reason !== null
  let end = () => {}

  function start(): void {
    isRunning = true
    const startedAt = clock.now()
    const done = (finding: Finding | null) => finish(finding, clock.now() - startedAt)
    try {
      // A routine check is the short one.
      end = startBackgroundCheck(archive, reason ?? 'not_closed', done)
      log.debug({ why }, 'checking the archive')
    } catch (error) {
      log.debug({ err: error }, 'the check could not be started')
      done(null)
    }
  }

  function finish(finding: Finding | null, ms: number): void {
    isRunning = false
    const facts = { why, finding, ms }
    if (finding === null) log.warn(facts, 'the archive could not be checked; the next start checks it')
    else log.info(facts, 'the archive was checked')
    try {
      if (finding !== null) store.settle(finding)
    } catch (error) {
      log.warn({ err: error }, 'the result of the check could not be stored')
    }
    if (finding === 'damaged') onDamaged()
    else if (reason !== null) onDone()
  }

  timers.set('start', reason === null ? LATER_MS : SOON_MS, start)
  if (reason === null) onDone()
  return {
    isRunning: () => isRunning,
    stop() {
      timers.clearAll()
      end()
    },
  }
}
