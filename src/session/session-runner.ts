/** Runs the state machine of one session: owns the engine, applies what it reports, and reconnects. */
import type { Clock } from '../clock.ts'
import type { EngineEnd, EngineEvent, OpenEngine } from '../engine/engine.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { toJid } from '../model/ids.ts'
import type { Account, Reason } from '../model/status.ts'
import { createAbilities } from './abilities.ts'
import type { AccountDir } from './account-dir.ts'
import type { Archive } from './archive.ts'
import { createConnectionWatch } from './connection-watch.ts'
import { explainUnlink } from './early-unlink.ts'
import { createEngines } from './engines.ts'
import { createLink } from './link.ts'
import { createListeners } from './listeners.ts'
import { nextState, type Signal } from './machine.ts'
import { createMemoryWatch, type MemoryLimits } from './memory-watch.ts'
import { hadNoNetwork } from './next-step.ts'
import { createPairing } from './pairing.ts'
import { createReconnecting } from './reconnecting.ts'
import { createRestrictionWatch } from './restriction-watch.ts'
import { createSessionChanges } from './session-changes.ts'
import type { Standing } from './standing.ts'

export type RunnerOptions = {
  openEngine: OpenEngine
  authDir: AccountDir
  archive: Archive
  clock: Clock
  log: Log
  headless: boolean
  memory: MemoryLimits
}

/** The parts of a running session, and what its callers do with them. */
export type SessionRunner = ReturnType<typeof createSessionRunner>

/** Creates the runner of one session, in the state `stopped`. */
export function createSessionRunner(options: RunnerOptions) {
  const { archive, authDir, clock, log } = options
  let standing: Standing = { state: 'stopped', since: clock.now(), reason: null, lastError: null }
  let account: Account | null = null
  let version: string | null = null
  /** This start tries a profile without a marker: a QR code means that the profile holds no session. */
  let onTrial = false

  const link = createLink(authDir, clock)
  const abilities = createAbilities(clock)
  const listeners = createListeners(clock)
  const changed = listeners.tell
  const reconnecting = createReconnecting(clock, () => launch())
  const changes = createSessionChanges((to, why) => archive.take({ type: 'session', state: to, reason: why }))
  const memory = createMemoryWatch({
    limits: options.memory,
    clock,
    log,
    restart(detail) {
      finish('lost', 'memory', detail)
      launch()
    },
  })
  const engines = createEngines({
    openEngine: options.openEngine,
    log,
    onEvent,
    onFailed: (error) =>
      onEnded(
        'start_failed',
        error instanceof AppError ? error.message : 'The browser could not be started.',
      ),
    onDrop() {
      memory.follow(null)
      archive.leave()
    },
  })
  const connection = createConnectionWatch(clock, engines, log, {
    onBack() {
      if (standing.state === 'disconnected') signal('back')
    },
    onLost: archive.lost,
    onOffline: () => signal('lost', { reason: 'offline', error: 'The connection to WhatsApp was lost.' }),
    onSilent: (detail, why) => onEnded('not_responding', detail, why),
  })
  // A restriction causes no restart: that would make it longer (waha#2166).
  const restriction = createRestrictionWatch(clock, (next) => {
    log.info({ ...next }, next === null ? 'account.unrestricted' : 'account.restricted')
    archive.take({ type: 'restriction', restriction: next })
    changed()
  })
  const pairing = createPairing(clock, options.headless, {
    changed,
    askForQr: () => void engines.current()?.showQr(),
    startAnew() {
      log.info('the QR code expired and WhatsApp sent no new one; restarting the browser')
      engines.drop()
      reconnecting.plan('lost')
      changed()
    },
    expire: () => finish('stop', 'qr_expired', 'The QR code was not scanned in time.'),
    fail: (why, detail) => finish('refused', why, detail),
  })
  /** Applies the signal; ignores it if the table has no transition for it in this state. */
  function signal(what: Signal, why: { reason?: Reason; error?: string } = {}): void {
    const { state: from } = standing
    const to = nextState(from, what)
    if (to === null) return log.debug({ state: from, signal: what }, 'a signal is ignored in this state')
    standing = {
      state: to,
      since: to === from ? standing.since : clock.now(),
      reason: why.reason ?? null,
      lastError: why.error ?? null,
    }
    const { reason } = standing
    if (to !== 'qr') pairing.clear()
    if (from !== to) log.info({ state: to, ...(reason === null ? {} : { reason }) }, 'session.changed')
    // On `ready` the archive may be open only after `follow`: `onReady` notes that change itself.
    if (what !== 'ready') noteChange()
    changed()
  }

  function noteChange(): void {
    changes.note(standing.state, standing.reason, reconnecting.attempt())
  }

  function stopTimers(): void {
    reconnecting.cancel()
    connection.stop()
  }

  function launch(trial = false): void {
    stopTimers()
    onTrial = trial
    engines.drop()
    signal('start')
    engines.open()
  }

  /** Ends the current start or session for this reason. */
  function finish(how: Signal, why: Reason, detail?: string): void {
    engines.drop()
    stopTimers()
    signal(how, detail === undefined ? { reason: why } : { reason: why, error: detail })
  }

  function onEvent(event: EngineEvent): void {
    switch (event.type) {
      case 'qr':
        return onQr(event.qr)
      case 'qr_gone':
        return pairing.onQrGone()
      case 'code_gone':
        // With no pairing code waiting, the page is only reconnecting and its QR codes continue.
        if (pairing.view()?.method === 'code') pairing.onCodeGone()
        return
      case 'document':
        return pairing.onDocument()
      case 'passkey_asked':
        log.warn('WhatsApp requires a passkey to confirm the new device')
        return pairing.onPasskeyAsked()
      case 'authenticated':
        signal('paired')
        return link.remember()
      case 'ready':
        return onReady(event)
      case 'connection':
        connection.onConnection(event.connected)
        return changed()
      case 'ack':
        if (event.ack >= 1) connection.onAck(true)
        return archive.take(event)
      case 'missed':
        return archive.invalidateSync()
      case 'checked':
        return abilities.onCheck(event.check)
      case 'restriction':
        return restriction.set(event.restriction)
      case 'outcome':
        if (event.failure !== null)
          log.warn({ ability: event.ability }, 'WhatsApp Web failed although nothing is missing')
        return abilities.onOutcome(event.ability, event.failure)
      case 'ended':
        return onEnded(event.end, event.detail)
      default:
        return archive.take(event)
    }
  }

  function onQr(text: string): void {
    if (link.isSaved()) return onUnlinked()
    if (onTrial) return finish('stop', 'not_linked')
    pairing.onQr(text)
    signal('qr')
  }

  function onUnlinked(): void {
    const uncertainty = link.uncertainty()
    if (uncertainty !== null) onEnded('start_failed', uncertainty)
    else onEnded('logged_out', 'The phone no longer lists this device.')
  }

  function onReady(event: Extract<EngineEvent, { type: 'ready' }>): void {
    account = event.account
    version = event.whatsappWebVersion
    signal('ready')
    reconnecting.settle()
    connection.start()
    link.confirm(event.account.wid)
    const engine = engines.current()
    if (engine !== null) archive.follow(engine, toJid(event.account.wid), event.lid)
    memory.follow(engine)
    noteChange()
  }

  function onEnded(end: EngineEnd, detail: string, why?: Reason): void {
    if (end === 'logged_out') {
      const linkedAt = link.linkedAt()
      forget()
      return finish('stop', 'logged_out', explainUnlink(detail, linkedAt, clock.now()))
    }
    if (!link.isSaved())
      return finish('stop', end === 'blocked' || end === 'unsupported' ? end : 'start_failed', detail)
    finish('lost', why ?? end, detail)
    const lost = hadNoNetwork(why ?? end, detail) ? 'unreached' : 'lost'
    if (end !== 'blocked') reconnecting.plan(end === 'conflict' || end === 'unsupported' ? end : lost)
    changed()
  }

  /** The device is no longer linked: removes the marker now, and the profile once the browser is closed. */
  function forget(): void {
    account = null
    restriction.forget()
    const removeProfile = link.forget()
    engines.drop()
    engines.afterwards(removeProfile)
  }

  return {
    link,
    abilities,
    listeners,
    reconnecting,
    engines,
    connection,
    pairing,
    standing: () => standing,
    /** What the status says of the running session. */
    view: () => ({
      standing,
      account,
      isLinked: link.isSaved(),
      isConnected: engines.current()?.connected() ?? false,
      provenAt: connection.provenAt(),
      hasQr: pairing.qr() !== null,
      pairing: pairing.view(),
      reconnect: reconnecting.view(),
      restriction: restriction.view(),
      whatsappWebVersion: version,
      memory: memory.view(),
    }),
    signal,
    launch,
    /** A caller asks for the start: a QR code no longer ends it. */
    endTrial() {
      onTrial = false
    },
    finish,
    forget,
    stopTimers,
    /** Resolves once the browser is closed. The device stays linked. */
    async close() {
      stopTimers()
      restriction.stop()
      pairing.clear()
      engines.drop()
      await engines.closed()
    },
  }
}
