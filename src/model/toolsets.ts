/** Toolsets: groups of tools that a client can switch on, so that the agent's context holds only what it needs. */
import { z } from 'zod'

/** The toolsets, each with its purpose. `core` is on by default. */
export const TOOLSETS = {
  core: 'Everyday tasks: linking, reading, searching and sending.',
  messages:
    'More operations on messages: edit, delete, forward, pin, star, vote, locations, contacts, polls, who has read them.',
  groups: 'Groups: create, settings, members, invites, join requests, leave.',
  chats:
    'Chats: archive a chat, pin, mute, mark as read, typing, delete, labels, the size of the local archive.',
  people: 'People: details of one person, block, look numbers up, who is online, the own profile.',
  channels: 'Channels: list, follow. Status updates: list, post, delete.',
} as const satisfies Record<string, string>
export type Toolset = keyof typeof TOOLSETS

/** Their names, in the order of the documentation. */
export const TOOLSET_NAMES = Object.keys(TOOLSETS) as [Toolset, ...Toolset[]]
const isToolset = (name: string): name is Toolset => Object.hasOwn(TOOLSETS, name)

/** `core,groups` or `all`, as a setting or a query has it. Null if it is empty. */
export const toolsetList = z.string().transform((text, context): Toolset[] | null => {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)
  if (names.length === 0) return null
  if (names.includes('all')) return TOOLSET_NAMES
  if (names.every(isToolset)) return TOOLSET_NAMES.filter((name) => names.includes(name))
  context.addIssue(`all, or a list of ${TOOLSET_NAMES.join(', ')}, separated by commas`)
  return z.NEVER
})

/** The toolsets of a connection: those that it may use, and those that are on when it opens. */
export type ToolsetChoice = { allowed: readonly Toolset[]; on: readonly Toolset[] }

/**
 * Chooses the toolsets of a connection. Each list that is given is a limit, and everything within the limits is on. If none
 * is given, all toolsets are allowed, and `core` is on.
 */
export function chooseToolsets(...lists: (readonly Toolset[] | null)[]): ToolsetChoice {
  const limits = lists.filter((list) => list !== null)
  const allowed = TOOLSET_NAMES.filter((name) => limits.every((list) => list.includes(name)))
  return { allowed, on: limits.length === 0 ? ['core'] : allowed }
}
