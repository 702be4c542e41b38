/** Members of groups: adding, removing, promoting and demoting, and the private invitation (WAWebModifyParticipantsGroupAction). */
import type { MemberAction, MemberResult } from '../../wire.ts'
import { ServerStatusCodeError } from '../errors.ts'
import { isLidMode } from '../lid-mode.ts'
import { ChatModel, ParticipantModel } from '../models.ts'
import { boot, connection } from '../page.ts'
import { alternateOf } from '../people.ts'
import { defineModule } from '../registry.ts'
import { createWid, type Wid } from '../wid.ts'

async function change(group: string, action: MemberAction, people: string[]): Promise<MemberResult[]> {
  const answer = await connection().ask('change_members', { group, action, people })
  if ('error' in answer) throw new ServerStatusCodeError(answer.error)
  return answer.results
}

/**
 * Takes members of this group. Of people who are no members, clients make an empty list: nobody is removed with an exception,
 * and nobody promoted or demoted without a word (OpenWA patch 7).
 */
async function changeMembers(action: MemberAction, chat: unknown, members: unknown[]): Promise<void> {
  const isGroup = chat instanceof ChatModel && chat.groupMetadata !== undefined
  if (!isGroup || !members.every((one) => one instanceof ParticipantModel))
    throw new TypeError("Cannot read properties of undefined (reading 'participants')")
  if (members.length === 0) {
    if (action === 'remove') throw new TypeError('participants is empty')
    return
  }
  await change(
    chat.key(),
    action,
    members.map((one) => one.key()),
  )
}

type AddArgs = { participantArgs: { participantJid: string }[]; iqTo: string }

/** One result for each person; its error is in the innermost value (the library's `getAddParticipantsRpcResult`). */
async function sendAddParticipantsRPC({ participantArgs, iqTo }: AddArgs): Promise<object> {
  const people = participantArgs.map(({ participantJid }) => String(createWid(participantJid)))
  const answer = await connection().ask('change_members', { group: iqTo, action: 'add', people })
  if ('error' in answer)
    return {
      name: 'AddParticipantsResponseClientError',
      value: { errorAddParticipantsClientErrors: { value: answer.error } },
    }
  return {
    name: 'AddParticipantsResponseSuccess',
    // In no promised order, and each person by the address that the group uses.
    value: { addParticipant: answer.results.map((one) => toRpcResult(iqTo, one)).reverse() },
  }
}

/** The address of a person in this group. */
function inMode(group: string, jid: string): Wid {
  const wid = createWid(jid)
  return isLidMode(group) === wid.isLid() ? wid : (alternateOf(wid) ?? wid)
}

/** The job behind the action: the server's code for each person (WAWebGroupModifyParticipantsJob). */
function changeByJob(action: MemberAction) {
  return async (group: Wid, people: Wid[]): Promise<object> => {
    const results = await change(String(group), action, people.map(String))
    const participants = results.map(({ jid, code }) => ({
      userWid: inMode(String(group), jid),
      code: String(code),
      invite_code: null,
    }))
    return { status: 207, participants: participants.reverse() }
  }
}

function toRpcResult(group: string, result: MemberResult): object {
  const { jid, code, inviteCode, inviteUntil, requestError } = result
  const isRefused = inviteCode === undefined ? 'ParticipantNotAuthorized' : 'ParticipantRequestCodeCanBeSent'
  const refusal = {
    name: code === 421 ? 'ParticipantGroupJoinRequest' : isRefused,
    value: {
      error: String(code),
      addRequestCode: inviteCode,
      addRequestExpiration: inviteUntil,
      membershipApprovalRequestError: requestError && String(requestError),
    },
  }
  return {
    addParticipantsParticipantAddedOrNonRegisteredWaUserParticipantErrorLidResponseMixinGroup: {
      name: 'ParticipantAdded',
      value: {
        jid: inMode(group, jid).toJid(),
        addParticipantsParticipantMixins: code === 200 ? undefined : refusal,
      },
    },
  }
}

/** Sends the private invitation. Its arguments have changed with June 2026, and the new ones are not known (wwebjs#201918). */
async function sendGroupInviteMessage(chat: unknown, group: unknown, _name: unknown, code: unknown) {
  if (!boot.build.findsChats || !(chat instanceof ChatModel))
    throw new TypeError("Cannot read properties of undefined (reading 'id')")
  await connection().ask('invite_member', { group: String(group), to: chat.key(), code: String(code) })
  return { messageSendResult: 'OK' }
}

/** Defines the modules of this file. */
export function defineGroupMembers(): void {
  defineModule('WASmaxGroupsAddParticipantsRPC', { sendAddParticipantsRPC })
  defineModule('WAWebModifyParticipantsGroupAction', {
    removeParticipants: (chat: unknown, members: unknown[]) => changeMembers('remove', chat, members),
    promoteParticipants: (chat: unknown, members: unknown[]) => changeMembers('promote', chat, members),
    demoteParticipants: (chat: unknown, members: unknown[]) => changeMembers('demote', chat, members),
  })
  defineModule('WAWebChatSendMessages', { sendGroupInviteMessage })
  defineModule('WAWebGroupModifyParticipantsJob', {
    removeGroupParticipants: changeByJob('remove'),
    promoteGroupParticipants: changeByJob('promote'),
    demoteGroupParticipants: changeByJob('demote'),
  })
}
