/** Groups: made by the account on its phone, or by a linked device. */
import type { Account, Group } from './accounts.ts'
import { type Context, sessionsOf } from './context.ts'
import { emptyChat } from './messages.ts'
import { makeGroupId } from './seed.ts'
import { toWireChat, toWireGroup } from './wire-forms.ts'

/** Make a group and tell every linked device. Members that have no WhatsApp are left out. */
export function createGroup(
  context: Context,
  account: Account,
  facts: {
    subject: string
    members: string[]
    announce?: boolean
    lidMode?: boolean
    owner?: string
    origin: string
  },
): Group {
  const now = context.clock.now()
  const group: Group = {
    id: makeGroupId(context.random),
    subject: facts.subject,
    owner: facts.owner ?? account.info.phone,
    creation: now,
    announce: facts.announce ?? false,
    lidMode: facts.lidMode ?? true,
    members: facts.members.filter((phone) => account.contacts.has(phone)),
  }
  account.groups.set(group.id, group)
  const chat = emptyChat(group.id, now)
  account.chats.set(group.id, chat)
  for (const session of sessionsOf(context, account)) {
    if (!session.live || !session.link) continue
    session.send({
      push: 'group',
      group: toWireGroup(account, group),
      chat: toWireChat(account, session.link.device, chat),
    })
  }
  return group
}
