/** What can be done to a message that exists. */
import type { Jid, MessageKey } from './ids.ts'

/** A message: all keys that WhatsApp Web may use for it. */
export type MessageRef = { keys: readonly MessageKey[] }

/**
 * `pin`: `forS` in seconds: a day, a week or 30 days; null takes the pin back. `react`: an empty emoji removes the reaction.
 * `forward`: the result is the new message, whose bare id is `bareId`; `isOneOfSeveral`: the message is forwarded to other
 * chats too.
 */
export type Action =
  | { kind: 'react'; emoji: string }
  | { kind: 'edit'; text: string }
  | { kind: 'delete'; for: 'everyone' | 'me' }
  | { kind: 'star'; starred: boolean }
  | { kind: 'pin'; forS: number | null }
  | { kind: 'vote'; options: readonly string[] }
  | { kind: 'forward'; to: Jid; bareId: string; isOneOfSeveral: boolean }

export type ActionOf<K extends Action['kind']> = Extract<Action, { kind: K }>
