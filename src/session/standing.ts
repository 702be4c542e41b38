/** Where a session stands, and the status object that follows from it. Pure. */
import type { Account, Reason, SessionState, Status } from '../model/status.ts'
import { nextStep } from './next-step.ts'

/** The state of a session and why it is in it. */
export type Standing = {
  state: SessionState
  /** Since when, Unix ms. */
  since: number
  reason: Reason | null
  lastError: string | null
}

/** Everything that the status reports. */
export type SessionFacts = Pick<
  Status,
  'pairing' | 'reconnect' | 'restriction' | 'memory' | 'archive' | 'sync'
> & {
  standing: Standing
  account: Account | null
  /** A session is saved. */
  isLinked: boolean
  isConnected: boolean
  /** Unix ms. */
  provenAt: number | null
  isLoggingOut: boolean
  hasQr: boolean
  whatsappWebVersion: string | null
  authDir: string
  chromeExecutable: string | null
  isHeadless: boolean
  /** How to repair the auth directory or the archive; null if nothing is wrong. */
  repair: string | null
  /** The error code of the control database. */
  controlProblem: string | null
  /** Adapts the next step to the paths of the account. */
  words(text: string): string
}

/** Returns the status object. */
export function toStatus(facts: SessionFacts): Status {
  const { standing, pairing, reconnect, restriction, isLinked, isConnected, isLoggingOut } = facts
  const { state, since, reason, lastError } = standing
  const isReady = state === 'ready'
  const step =
    isLoggingOut && state !== 'stopped'
      ? 'Wait: the account is logging out.'
      : nextStep({
          state,
          reason,
          lastError,
          connected: isConnected,
          restriction,
          pairing: pairing?.method ?? null,
          linked: isLinked,
          reconnecting: reconnect !== null,
          archiveHint: facts.repair,
        })
  return {
    state,
    ready: isReady,
    authenticated: isReady || state === 'authenticated',
    auth_dir: facts.authDir,
    chrome_executable: facts.chromeExecutable ?? '',
    headless: facts.isHeadless,
    has_qr: facts.hasQr,
    last_error: lastError,
    account: facts.account,
    linked: isLinked,
    connected: isReady && isConnected,
    since_at: new Date(since).toISOString(),
    proven_at: facts.provenAt === null ? null : new Date(facts.provenAt).toISOString(),
    reason,
    next_step: step === null ? null : facts.words(step),
    pairing,
    reconnect,
    whatsapp_web_version: facts.whatsappWebVersion,
    restriction,
    memory: facts.memory,
    control_problem: facts.controlProblem,
    archive: facts.archive,
    sync: facts.sync,
  }
}
