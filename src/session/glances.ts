/** Looks for messages that WhatsApp Web has without having reported them: a listener of the page may be lost. */
import type { Clock } from '../clock.ts'
import type { Engine } from '../engine/engine.ts'
import type { Log } from '../log.ts'
import type { Inbox } from './inbox.ts'

export type Glances = {
  /** Begins, or begins again: the chats were just compared. */
  start(): void
  stop(): void
}

export type GlancesOptions = {
  engine: Pick<Engine, 'readChats'>
  inbox: Pick<Inbox, 'take'>
  clock: Clock
  log: Pick<Log, 'debug'>
}

/** The list comes from the page's memory, and changes nothing in the archive where nothing is new. */
const EVERY_MS = 600_000

/** The inbox compares the newest message of each listed chat with the archive. A chat that differs is read. */
export function createGlances({ engine, inbox, clock, log }: GlancesOptions): Glances {
  let cancel = () => {}
  let begun = 0

  async function glance(): Promise<void> {
    const mine = begun
    try {
      for await (const { chats } of engine.readChats()) {
        if (begun !== mine) return
        // Who is in which group is not compared: that takes longer, and is reported as it changes.
        inbox.take({ type: 'chats', chats: chats.map((chat) => ({ ...chat, members: null })) })
      }
    } catch (error) {
      log.debug({ err: error }, 'the list of chats could not be read')
    }
    if (begun === mine) start()
  }

  function stop(): void {
    begun += 1
    cancel()
  }

  function start(): void {
    stop()
    cancel = clock.after(EVERY_MS, () => void glance())
  }

  return { start, stop }
}
