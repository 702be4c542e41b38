/**
 * Converts the results of tasks to our types, as translate.ts does for messages: a field of WhatsApp Web's models may have any type.
 */
import type { Label, TaskKind, TaskResult } from '../../model/task.ts'
import { toUnixSeconds } from '../../model/times.ts'
import { nameOf } from './translate.ts'

/** Converts the rows of a list. One that cannot be read is left out, and logged as `what`. */
type Each = <T extends object>(what: string, rows: readonly T[], read: (row: T) => T) => T[]
type Convert<K extends TaskKind> = (given: TaskResult<K>, each: Each, seenAt: number) => TaskResult<K>

const RESULTS: { [K in TaskKind]?: Convert<K> } = {
  read_groups: (groups, each) =>
    each('a group', groups, (group) => ({
      ...group,
      ...toTexts(group, group.group),
      createdAt: toUnixSeconds(group.createdAt, null),
      disappearingS: toCount(group.disappearingS) ?? 0,
    })),
  read_channels: (channels, each) =>
    each('a channel', channels, (channel) => ({
      ...channel,
      ...toTexts(channel, channel.channel),
      followers: toCount(channel.followers),
    })),
  read_invite: (group) => ({
    ...group,
    ...toTexts(group, group.group),
    members: toCount(group.members) ?? 0,
  }),
  read_labels: toLabels,
  set_labels: toLabels,
  join_requests: (requests, each) =>
    each('a join request', requests, (one) => ({ ...one, at: toUnixSeconds(one.at, null) })),
  read_profile: ({ name, about }) => ({ name: nameOf(name) ?? '', about: nameOf(about) }),
  read_presence: ({ online, lastSeenAt }) => ({ online, lastSeenAt: toUnixSeconds(lastSeenAt, null) }),
  post_status: ({ bareId, at }, _, seenAt) => ({ bareId, at: toUnixSeconds(at, seenAt) }),
}

/** @param seenAt Unix seconds, replaces an invalid time of what was just posted */
export function toTaskResult<K extends TaskKind>(
  kind: K,
  given: TaskResult<K>,
  each: Each,
  seenAt: number,
): TaskResult<K> {
  const convert: Convert<K> | undefined = RESULTS[kind]
  return convert === undefined ? given : convert(given, each, seenAt)
}

/** @param id replaces a name that is missing or invisible */
function toTexts({ name, description }: { name: string; description: string | null }, id: string) {
  return { name: nameOf(name) ?? id, description: nameOf(description) }
}

function toLabels(labels: Label[], each: Each): Label[] {
  return each('a label', labels, ({ id, name, color }) => ({
    id,
    name: nameOf(name) ?? id,
    color: color || null,
  }))
}

/** Returns the number of people or seconds; null if the value is not one. */
function toCount(value: unknown): number | null {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : null
}
