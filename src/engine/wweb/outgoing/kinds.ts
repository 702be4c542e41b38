/** The kinds of messages that can be sent. */
import type { Outgoing, OutgoingKind } from '../../engine.ts'
import { contacts } from './contacts.ts'
import type { Kind, PageBytes, Prepared } from './kind.ts'
import { location } from './location.ts'
import { media } from './media.ts'
import { poll } from './poll.ts'
import { text } from './text.ts'

const KINDS: { [K in OutgoingKind]: Kind<K> } = { text, location, contacts, poll, media }

/** What this message needs of WhatsApp Web; the first names it. */
export function usesOf({ kind }: Outgoing): Kind<OutgoingKind>['uses'] {
  return KINDS[kind].uses
}

/** The arguments of the library's `sendMessage`. Fails before anything is sent. */
export async function toLibrary<K extends OutgoingKind>(
  outgoing: Outgoing<K>,
  page: PageBytes,
): Promise<Prepared> {
  return KINDS[outgoing.kind].toLibrary(outgoing, page)
}
