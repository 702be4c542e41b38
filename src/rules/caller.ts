/** The caller that a rule's replies have: it may send, as its policy says, and nothing else. */
import type { Caller } from '../model/caller.ts'
import { sendsBy } from '../model/policy.ts'
import { idOf, type Rule } from './rule.ts'

/** Returns the caller of this rule. Its pace is its own. */
export function callerOf(rule: Rule): Caller {
  const { account, action } = rule
  return {
    id: idOf(rule),
    scopes: new Set(['send']),
    accounts: new Set([account]),
    toolsets: null,
    sees: null,
    sends: sendsBy(action.does === 'reply' ? action.policy : 'off'),
  }
}
