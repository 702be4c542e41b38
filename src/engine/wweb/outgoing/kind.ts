/** What a kind of outgoing message is. */
import type { Ability } from '../../../model/ability.ts'
import type { Outgoing, OutgoingKind } from '../../engine.ts'
import type { MediaTransfer } from '../media.ts'

/** One kind of message: how the library sends it. */
export type Kind<K extends OutgoingKind> = {
  /** The abilities that it needs; its outcome is reported for the first. */
  uses: readonly [Ability, ...Ability[]]
  /** The `content` and additional `options` of the library's `sendMessage`. Fails before anything is sent. */
  toLibrary(outgoing: Outgoing<K>, page: PageBytes): Prepared | Promise<Prepared>
}

/**
 * `extra`: fields of the message itself, which the library copies over its own. `done` is called when the send has ended,
 * however it did.
 */
export type Prepared = { content: unknown; options?: object; extra?: object; done?(): void }

/** Gives the page files, and frees them. */
export type PageBytes = Pick<MediaTransfer, 'put' | 'drop'>
