/** The kinds of messages that can be sent. */
import { chatKindOf, type Jid } from '../../../model/ids.ts'
import type { Outgoing, OutgoingKind, SendOptions } from '../../engine.ts'
import { contacts } from './contacts.ts'
import type { Kind, PageBytes, Prepared } from './kind.ts'
import { location } from './location.ts'
import { media } from './media.ts'
import { poll } from './poll.ts'
import { text } from './text.ts'

const KINDS: { [K in OutgoingKind]: Kind<K> } = { text, location, contacts, poll, media }

/** The abilities that sending this message to this chat needs; its outcome is reported for the first. */
export function usesOf(
  chat: Jid,
  { kind }: Outgoing,
  { answers }: Pick<SendOptions, 'answers'>,
): Kind<OutgoingKind>['uses'] {
  const { uses } = KINDS[kind]
  if (chatKindOf(chat) === 'channel') return ['post_in_channel', ...uses]
  if (chatKindOf(chat) === 'status') return ['post_status_media', ...uses]
  return answers === undefined ? uses : ['reply', ...uses]
}

/** The arguments of the library's `sendMessage`. Fails before anything is sent. */
export async function toLibrary<K extends OutgoingKind>(
  outgoing: Outgoing<K>,
  page: PageBytes,
): Promise<Prepared> {
  return KINDS[outgoing.kind].toLibrary(outgoing, page)
}
