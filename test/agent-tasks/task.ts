/** A task as a person says it, with a script that solves it and what is true on the phone then. */
import type { WorldChat, WorldContact, WorldGroup, WorldMessage } from '../../simulator/world-types.ts'
import type { Harness } from '../harness.ts'
import type { Agent } from './agent.ts'
import type { Village } from './village.ts'

/** The phone's side, and the village: a test's own knowledge, which no script has. */
export type Witness = {
  harness: Harness
  village: Village
  /** The group with this subject. */
  group(subject: string): WorldGroup
  person(name: string): WorldContact
  /** The chat with this name, as the phone lists it. */
  chat(name: string): WorldChat
  /** The newest message of the chat with this name. */
  last(name: string): WorldMessage
  /** The newest message with this text. */
  message(text: string): WorldMessage
}

export type Task = {
  says: string
  /** Returns what the agent tells its user, where that is the task. */
  solve(agent: Agent): Promise<unknown>
  /** Expectations; tried again for a moment, since the phone learns of a change after the answer. */
  holds(witness: Witness, told: unknown): unknown
}

/** The one entry of an answer whose name begins so, as an agent reads it. */
export function named<T extends { name: string }>(entries: readonly T[], name: string): T {
  const [found, ...others] = entries.filter((one) => one.name.startsWith(name))
  if (found === undefined || others.length > 0)
    throw new Error(`"${name}" names ${others.length + Number(found !== undefined)} entries`)
  return found
}

/** Ids of entries. */
export const ids = (entries: readonly { id: string }[]): string[] => entries.map(({ id }) => id)

/** Monday at eight in the morning, UTC, as Unix seconds: the next one that is at least a day away. */
export function nextMonday(nowMs = Date.now()): number {
  const day = 86_400_000
  const midnight = Math.floor(nowMs / day) * day
  // Day 0 of Unix time was a Thursday.
  const ahead = (4 - ((midnight / day) % 7) + 7) % 7 || 7
  return (midnight + ahead * day) / 1_000 + 8 * 3_600
}

export const isoOf = (seconds: number): string => new Date(seconds * 1_000).toISOString()
