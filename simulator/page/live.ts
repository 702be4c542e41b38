/** Progress of the sync as clients see it, and groups that arrive while the page runs. */
import type { WireGroup } from '../wire.ts'
import { learnGroup } from './learn.ts'
import { lidWidOf } from './people.ts'
import { cmd } from './socket-model.ts'
import { Contact } from './stores.ts'

let percent = 0

/** The progress of the offline delivery, as `WAWebOfflineHandler` reports it. */
export const whenSynced = {
  progress(value: number): void {
    percent = value
    cmd.trigger('offline_progress_update_from_bridge')
  },
}

/** 0 to 100. */
export function offlineProgress(): number {
  return percent
}

/** Groups that this account was added to. */
export function learnGroups(groups: WireGroup[]): void {
  for (const group of groups) {
    learnGroup(group)
    if (group.lidMode) for (const member of group.members) Contact.gadd(lidWidOf(member))
  }
}
