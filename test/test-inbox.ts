/** The inbox of an archive for tests of what is written to it. */
import type { Clock } from '../src/clock.ts'
import { createLog } from '../src/log.ts'
import type { Jid } from '../src/model/ids.ts'
import { KEEP_ALL } from '../src/model/keeping.ts'
import { createInbox, type Inbox, type InboxOptions } from '../src/session/inbox.ts'
import { createKeeping } from '../src/session/keeping.ts'
import type { Store } from '../src/store/store.ts'

type More = Partial<Omit<InboxOptions, 'store' | 'clock' | 'own'>> & { own?: readonly Jid[] }

/** Keeps everything, logs nothing, and throws what could not be written, unless `more` says otherwise. */
export function createTestInbox(store: Store, clock: Clock, { own = [], ...more }: More = {}): Inbox {
  return createInbox({
    store,
    keeping: createKeeping(store, KEEP_ALL, clock),
    own: () => new Set(own),
    clock,
    log: createLog({ level: 'silent' }),
    hash: () => '',
    onLost: (error) => {
      throw error
    },
    onUnheard: () => {},
    onMore: () => {},
    ...more,
  })
}
