/** What can be done to a message that exists. */
import type { MessageKey } from './ids.ts'

/** A message: all keys that WhatsApp Web may use for it. */
export type MessageRef = { keys: readonly MessageKey[] }

/** `pin`: `forS` in seconds, one of {@link PIN_SECONDS}; null takes the pin back. `react`: an empty emoji removes the reaction. */
export type Action =
  | { kind: 'react'; emoji: string }
  | { kind: 'edit'; text: string }
  | { kind: 'delete'; for: 'everyone' | 'me' }
  | { kind: 'star'; starred: boolean }
  | { kind: 'pin'; forS: number | null }

export type ActionOf<K extends Action['kind']> = Extract<Action, { kind: K }>
