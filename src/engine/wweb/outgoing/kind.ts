/** What a kind of outgoing message is. */
import type { Ability } from '../../../model/ability.ts'
import type { Outgoing, OutgoingKind } from '../../engine.ts'

/** One kind of message: how the library sends it. */
export type Kind<K extends OutgoingKind> = {
  /** What it needs of WhatsApp Web; the first names it. */
  uses: readonly [Ability, ...Ability[]]
  /** The `content` and additional `options` of the library's `sendMessage`. Fails before anything is sent. */
  toLibrary(outgoing: Outgoing<K>): Prepared | Promise<Prepared>
}

/** `extra`: fields of the message itself, which the library copies over its own. */
export type Prepared = { content: unknown; options?: object; extra?: object }
