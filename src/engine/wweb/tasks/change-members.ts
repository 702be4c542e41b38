/** Adds members to a group, removes them, and makes them admins or not. */
import type { MemberAction, MemberCode, TaskResult } from '../../../model/task.ts'
import type { ChatModel, Participant, Wid } from '../page-types.ts'
import type { PageTask, TaskWindow } from './task.ts'

declare const window: TaskWindow

/**
 * The library leaves out people whom it does not find, and reports success (OpenWA patch 7); it sends an invite message by itself,
 * and throws there (wwebjs#201918). Here each person has the code of the server's response.
 */
export const changeMembers: PageTask<'change_members'> = {
  ability: 'change_members',
  run({ group, action, members }, endsAt) {
    const tasks = window.whatsappMcpTasks
    const acts = {
      /** The code of a person for whom no request is needed; null if one is. */
      local(chat: ChatModel, id: string): MemberCode | null {
        const person = tasks.member(chat, id)
        if (action === 'add') return person ? 'already' : null
        if (!person) return 'not_member'
        if (action === 'remove') return null
        return tasks.isAdmin(person) === (action === 'promote') ? 'already' : null
      },

      async add(ids: readonly string[]): Promise<MemberCode[]> {
        const found = await Promise.all(ids.map((id) => tasks.lookUp(id, endsAt)))
        const people = tasks.people(found)
        if (people.length === 0) return ids.map(() => 'not_on_whatsapp')
        const { widToUserJid, widToGroupJid } = await tasks.need<JidModule>('WAWebWidToJid')
        const { userJidToUserWid } = await tasks.need<WidModule>('WAWebJidToWid')
        const { sendAddParticipantsRPC } = await tasks.need<AddModule>('WASmaxGroupsAddParticipantsRPC')
        const { value } = await sendAddParticipantsRPC({
          participantArgs: people.map((one) => ({ participantJid: widToUserJid(one) })),
          iqTo: widToGroupJid(tasks.wid(group)),
        })
        const said = value.errorAddParticipantsClientErrors?.value ?? value.errorServerErrors?.value
        if (said) throw tasks.refusal(said.code)
        const verdicts = (value.addParticipant ?? []).flatMap((entry) => {
          const { name, value: one } =
            entry.addParticipantsParticipantAddedOrNonRegisteredWaUserParticipantErrorLidResponseMixinGroup
          const isNobody = name === 'NonRegisteredWaUserParticipantErrorLidResponse'
          const { error, membershipApprovalRequestError: why } =
            one.addParticipantsParticipantMixins?.value ?? {}
          // 421: an admin must approve it, which fails if the group is full (419). 500: this group is full.
          const isFull = String(why) === '419' || String(error) === '500'
          const code = isNobody ? 404 : isFull ? 419 : (error ?? 200)
          // By either address: the page may not know yet that both are one person.
          return [one.jid, one.phoneNumber].flatMap((jid) =>
            jid ? [{ wid: userJidToUserWid(jid), code }] : [],
          )
        })
        const codes = tasks.codesFor(ids, verdicts)
        return found.map((one, index) => (one ? (codes[index] ?? 'unknown') : 'not_on_whatsapp'))
      },

      async change(
        chat: ChatModel,
        what: Exclude<MemberAction, 'add'>,
        ids: readonly string[],
      ): Promise<MemberCode[]> {
        // Two of the given addresses may belong to one person.
        const models = [...new Set(ids.flatMap((id) => tasks.member(chat, id) ?? []))]
        const { ensure } = window.whatsappMcpModules
        const job = (await ensure('WAWebGroupModifyParticipantsJob')) as Partial<MembersModule> | undefined
        const changeThem = job?.[`${what}GroupParticipants`]
        if (!changeThem) return acts.changeAsShown(chat, what, ids, models)
        const people = models.map(({ id }) => tasks.wid(String(id)))
        const isLidMode = chat.groupMetadata?.isLidAddressingMode === true
        const { participants } = await changeThem(tasks.wid(group), people, isLidMode)
        const verdicts = participants.map(({ userWid, code }) => ({ wid: userWid, code: code ?? 200 }))
        // Here the codes say that the person is not in the group, and that this account may not.
        const others: Partial<Record<MemberCode, MemberCode>> = {
          not_on_whatsapp: 'not_member',
          invite_only: 'not_admin',
        }
        return tasks.codesFor(ids, verdicts).map((code) => others[code] ?? code)
      },

      /** As the library does it. The page does not return the server's codes, so the outcome is what the members show. */
      async changeAsShown(
        chat: ChatModel,
        what: Exclude<MemberAction, 'add'>,
        ids: readonly string[],
        models: readonly Participant[],
      ): Promise<MemberCode[]> {
        const action = await tasks.need<ActionModule>('WAWebModifyParticipantsGroupAction')
        await action[`${what}Participants`](chat, models)
        await tasks.shown(() => ids.every((id) => acts.isShown(chat, id)))
        return ids.map((id) => (acts.isShown(chat, id) ? 'done' : 'unknown'))
      },

      isShown(chat: ChatModel, id: string): boolean {
        const person = tasks.member(chat, id)
        if (action === 'add') return person !== undefined
        if (action === 'remove') return person === undefined
        return tasks.isAdmin(person) === (action === 'promote')
      },
    }
    return tasks.inGroup<TaskResult<'change_members'>>(group, endsAt, async (chat) => {
      const isLoss = action === 'remove' || action === 'demote'
      // The page would still treat this account as a member, or as an admin.
      if (isLoss && members.some((id) => tasks.isMe(id))) return { problem: 'own_membership' }
      const known = members.map((id) => acts.local(chat, id))
      const asked = members.filter((_, index) => known[index] === null)
      let answers: MemberCode[] = []
      try {
        if (asked.length > 0)
          answers = action === 'add' ? await acts.add(asked) : await acts.change(chat, action, asked)
      } catch (error) {
        const status = tasks.statusOf(error)
        if (status === null) throw error
        const problem = tasks.problemOf(status)
        if (problem !== 'not_admin' && problem !== 'full') return { problem }
        answers = asked.map(() => problem)
      }
      const codes = known.map((code) => code ?? answers.shift() ?? 'unknown')
      const done = members.filter((_, index) => codes[index] === 'done')
      await tasks.shown(() => done.every((id) => acts.isShown(chat, id)))
      const invite = codes.includes('invite_only') ? await tasks.inviteOf(group).catch(() => null) : null
      return { gives: { codes, invite } }
    })
  },
}

type JidModule = { widToUserJid(wid: Wid): string; widToGroupJid(wid: Wid): string }
type WidModule = { userJidToUserWid(jid: string): Wid }
type Refused = { value: { code: string | number } }
/** Names of fields as the library reads them (Utils.js, `getAddParticipantsRpcResult`). */
type AddModule = {
  sendAddParticipantsRPC(options: object): Promise<{
    value: {
      addParticipant?: {
        addParticipantsParticipantAddedOrNonRegisteredWaUserParticipantErrorLidResponseMixinGroup: {
          name: string
          value: {
            jid?: string
            phoneNumber?: string
            addParticipantsParticipantMixins?: {
              value: { error?: string | number; membershipApprovalRequestError?: string | number }
            } | null
          }
        }
      }[]
      errorAddParticipantsClientErrors?: Refused
      errorServerErrors?: Refused
    }
  }>
}
type Change = (
  group: Wid,
  people: Wid[],
  isLidMode: boolean,
) => Promise<{ participants: { userWid: Wid; code?: string | number }[] }>
type ActionModule = Record<
  `${Exclude<MemberAction, 'add'>}Participants`,
  (chat: ChatModel, members: readonly Participant[]) => Promise<unknown>
>
type MembersModule = Record<`${Exclude<MemberAction, 'add'>}GroupParticipants`, Change>
