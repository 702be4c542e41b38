/** Writes down that a profile picture changed, with its event. */
import type { EngineEvent } from '../engine/engine.ts'
import { isGroup, type Jid } from '../model/ids.ts'
import { ME } from '../store/people.ts'
import type { Store } from '../store/store.ts'
import type { IdentityResolver } from './identity-resolver.ts'

/** The address under which the picture of this person or group is stored. */
export function pictureKey({ people }: Pick<Store, 'people'>, own: ReadonlySet<Jid>, of: Jid): Jid {
  if (isGroup(of)) return of
  if (own.has(of)) return [...own][0] ?? of
  const person = people.find(of)
  return person?.lid ?? person?.phone ?? of
}

/**
 * Returns the function that records a picture; call it within a transaction. A page also reports a picture as it comes to know it:
 * only one that differs from what was read before is a change. A change in a group has a notice, with its own event.
 */
export function createPictureRecorder(
  store: Pick<Store, 'people' | 'pictures' | 'chats' | 'events'>,
  where: Pick<IdentityResolver, 'findChat' | 'senderId'>,
  own: () => ReadonlySet<Jid>,
  now: () => number,
): (picture: Extract<EngineEvent, { type: 'picture' }>) => void {
  return ({ of, tag, isNew = false }) => {
    const key = pictureKey(store, own(), of)
    const row = store.pictures.get(key)
    if (row === undefined ? !isNew : row.tag === tag) return
    store.pictures.set(key, { tag, filehash: null, checked_at_ms: 0 })
    if (isGroup(of)) return
    const person = own().has(of) ? ME : where.senderId(of, now() / 1_000)
    const data = { person, picture: true }
    store.events.append({
      at_ms: now(),
      kind: 'contact.changed',
      chat: where.findChat(of),
      message: null,
      data,
    })
  }
}
