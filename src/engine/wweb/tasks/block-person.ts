/** Blocking people. */
import type { TaskResult } from '../../../model/task.ts'
import type { ContactModel } from '../page-types.ts'
import type { PageTask, TaskWindow } from './task.ts'

declare const window: TaskWindow

/**
 * Since August 2026 a person whose chat has a LID is blocked by LID only, and the library's helper is gone (OpenWA patch 8,
 * wwebjs#201753): each known address is tried, the chat's first. What the page refuses, it refuses before it sends.
 */
export const blockPerson: PageTask<'block_person'> = {
  ability: 'block_person',
  run({ person, blocked }, endsAt) {
    const tasks = window.whatsappMcpTasks
    const rows = window.whatsappMcpRows
    return tasks.run<TaskResult<'block_person'>>(endsAt, async () => {
      if (tasks.isMe(person)) return { problem: 'own_number' }
      const { blockContact, unblockContact } = await tasks.need<BlockModule>('WAWebBlockContactAction')
      const { Contact, Blocklist } = await tasks.need<Collections>('WAWebCollections')
      const wid = await tasks.lookUp(person, endsAt)
      if (wid === null) return { problem: 'nobody' }
      const chat = rows.findChat(String(wid))
      const known = [...(chat ? [String(chat.id)] : []), ...tasks.addresses(wid)]
      // The address of the chat first; without a chat, LIDs first.
      const addresses = [...new Set(known)].sort((one, other) =>
        chat ? 0 : Number(/@lid$/.test(other)) - Number(/@lid$/.test(one)),
      )
      const isBlocked = { now: () => addresses.some((one) => Blocklist.get(one) !== undefined) }
      if (isBlocked.now() === blocked) return { gives: { changed: false } }
      let failure: unknown
      for (const address of addresses) {
        const contact = Contact.get(address) ?? Contact.gadd(tasks.wid(address))
        try {
          if (blocked) await blockContact({ contact, blockEntryPoint: 'ChatListBlock' })
          else await unblockContact(contact)
          failure = undefined
          break
        } catch (error) {
          failure = error
          if (tasks.statusOf(error) !== null || Date.now() >= endsAt) break
        }
      }
      if (failure !== undefined) throw failure
      const isShown = await tasks.shown(() => isBlocked.now() === blocked)
      return isShown ? { gives: { changed: true } } : { problem: 'open' }
    })
  },
}

/** In one address each: the page may have a person by phone number and by LID. */
export const readBlocked: PageTask<'read_blocked'> = {
  ability: 'read_blocked',
  run(_, endsAt) {
    const tasks = window.whatsappMcpTasks
    return tasks.run<TaskResult<'read_blocked'>>(endsAt, async () => {
      const { Blocklist } = await tasks.need<Collections>('WAWebCollections')
      const people = Blocklist.getModelsArray().map(({ id }) => tasks.best(String(id)))
      return { gives: [...new Set(people)] as TaskResult<'read_blocked'> }
    })
  },
}

type BlockModule = {
  blockContact(options: { contact: ContactModel; blockEntryPoint: string }): Promise<unknown>
  unblockContact(contact: ContactModel): Promise<unknown>
}
type Collections = {
  Contact: { get(id: string): ContactModel | undefined; gadd(id: unknown): ContactModel }
  Blocklist: { get(id: string): unknown; getModelsArray(): { id: unknown }[] }
}
