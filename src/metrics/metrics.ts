/** Counts what happens, and writes all metrics as Prometheus reads them. */
import type { Account } from '../accounts/account.ts'
import { FAMILIES, type Sources } from './families.ts'
import { createCounter, createStopwatch } from './tally.ts'

export type Metrics = {
  /** Counts what happens to this account, from now on. */
  follow(account: Account): void
  /**
   * Returns the metrics as text, and its media type. `isSeen` says which accounts may be named; without `seesAll`, metrics
   * of what happens in chats are left out. A metric that cannot be read now is left out.
   */
  text(isSeen: (account: string) => boolean, seesAll: boolean): Promise<{ type: string; text: string }>
}

/** @param sources returns what is read at this time */
export function createMetrics(sources: () => Omit<Sources, 'transitions' | 'sends' | 'acks'>): Metrics {
  const counted = { transitions: createCounter(), sends: createCounter(), acks: createStopwatch() }
  return {
    follow({ id, session, outbox }) {
      let { state, reason } = session.status()
      session.onChange(() => {
        const now = session.status()
        if (now.state === state && now.reason === reason) return
        ;({ state, reason } = now)
        counted.transitions.add({ account: id, state, reason: reason ?? '' })
      })
      outbox.onSettled(({ state, operation, error, createdAtMs, releaseAtMs, sentAtMs }) => {
        counted.sends.add({ account: id, operation, state, code: error?.code ?? '' })
        if (sentAtMs !== null)
          counted.acks.observe({ account: id }, Math.max(0, sentAtMs - (releaseAtMs ?? createdAtMs)) / 1_000)
      })
    },
    async text(isSeen, seesAll) {
      const { expose } = await import('./expose.ts')
      const families = FAMILIES.filter(({ ofAllChats }) => seesAll || !ofAllChats)
      const all = { ...sources(), ...counted }
      return expose(families, { ...all, accounts: all.accounts.filter(({ id }) => isSeen(id)) }, isSeen)
    },
  }
}
