/** To whom a caller may send without the approval of the owner. */
import type { Jid } from './ids.ts'

/**
 * `open`: to everybody. `known`: to chats that the owner knows; what goes to others waits. `confirm`: everything waits. `only`:
 * to the listed chats alone. `off`: to nobody.
 */
export const POLICIES = ['open', 'known', 'confirm', 'only', 'off'] as const
export type Policy = (typeof POLICIES)[number]

/** `chats`: those of the policy `only`. */
export type Sends = { policy: Policy; chats: readonly Jid[] }

/** Returns a policy without a list. */
export const sendsBy = (policy: Policy): Sends => ({ policy, chats: [] })
