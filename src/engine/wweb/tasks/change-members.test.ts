/** What is said of each person that a group takes in, by our in-page code on a window of the test's. */
import { afterEach, expect, it, vi } from 'vitest'
import { toJid } from '../../../model/ids.ts'
import { installPageTasks } from '../page-tasks.ts'
import { changeMembers } from './change-members.ts'

const GROUP = toJid('120363000000000001@g.us')
const ME = '15550001000@c.us'
const AMARA = toJid('15551110000@c.us')
const LID = '99001@lid'
/** The server knows the person by it. */
const OTHER = '15551110009@c.us'

afterEach(() => vi.unstubAllGlobals())

type Entry = { jid?: string; phoneNumber?: string }

/** A page that knows no LID of anybody's. `found`: what a lookup finds; `said`: the server's entry for the person. */
function openPage({ found, said }: { found: string; said: Entry }): void {
  const widOf = (id: string) => ({ server: id.split('@')[1], toString: () => id })
  const members = new Map([[ME, { id: ME }]])
  const participants = { get: (id: string) => members.get(id), getModelsArray: () => [...members.values()] }
  const group = { id: widOf(GROUP), groupMetadata: { participants } }
  const entry = 'addParticipantsParticipantAddedOrNonRegisteredWaUserParticipantErrorLidResponseMixinGroup'
  const modules: Record<string, object> = {
    WAWebWidFactory: { createWid: widOf },
    WAWebUserPrefsMeUser: { getMaybeMePnUser: () => ME, getMaybeMeLidUser: () => null },
    WAWebQueryExistsJob: { queryWidExists: async () => ({ wid: widOf(found) }) },
    WAWebWidToJid: { widToUserJid: String, widToGroupJid: String },
    WAWebJidToWid: { userJidToUserWid: widOf },
    WAWebModifyParticipantsGroupAction: {
      async removeParticipants(_: object, people: readonly object[]) {
        expect(people).toHaveLength(1)
        members.delete(LID)
      },
    },
    WASmaxGroupsAddParticipantsRPC: {
      async sendAddParticipantsRPC({
        participantArgs: [one],
      }: {
        participantArgs: { participantJid: string }[]
      }) {
        members.set(LID, { id: LID })
        if (found === OTHER) expect(one?.participantJid).toBe(OTHER)
        return { value: { addParticipant: [{ [entry]: { name: 'ParticipantAdded', value: said } }] } }
      },
    },
  }
  vi.stubGlobal('window', {
    require: (name: string) => modules[name],
    whatsappMcpModules: { ensure: async (name: string) => modules[name] },
    whatsappMcpRows: {
      attempt: (work: () => unknown) => work(),
      me: () => [ME],
      others: () => [],
      findChat: () => group,
      chats: () => [],
    },
  })
  installPageTasks()
}

it.each([
  ['the number beside the LID', { found: AMARA, said: { jid: LID, phoneNumber: AMARA } }],
  ['the LID alone, which the lookup has found', { found: LID, said: { jid: LID } }],
  ['another number, which the lookup has found', { found: OTHER, said: { jid: OTHER } }],
])('a person whom the server names by %s is added', async (_, page) => {
  openPage(page)
  const input = { group: GROUP, action: 'add' as const, members: [AMARA] }
  const done = await changeMembers.run(input, Date.now() + 10_000)
  expect(done).toMatchObject({ gives: { codes: ['done'], invite: null } })
})

it('a person who is named twice is removed once', async () => {
  openPage({ found: LID, said: { jid: LID } })
  const input = { group: GROUP, members: [toJid(LID), toJid(LID)] }
  await changeMembers.run({ ...input, action: 'add' }, Date.now() + 10_000)
  const done = await changeMembers.run({ ...input, action: 'remove' }, Date.now() + 10_000)
  expect(done).toMatchObject({ gives: { codes: ['done', 'done'] } })
})
