/** How a chat addresses people: by phone, or by LID. */
import { createWid } from './wid.ts'

/** Groups whose authors appear as `@lid`, by JID. */
const lidGroups = new Set<string>()

/** Updates the set from the service's data about a group. */
export function setLidMode(groupId: string, isLid: boolean): void {
  if (isLid) lidGroups.add(groupId)
  else lidGroups.delete(groupId)
}

/** True if this chat addresses people by LID. */
export function isLidMode(chatId: string): boolean {
  return lidGroups.has(chatId) || createWid(chatId).isLid()
}
