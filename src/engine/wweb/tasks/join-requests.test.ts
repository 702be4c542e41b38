/** What is said of each person whose request to join is answered, by our in-page code on a window of the test's. */
import { afterEach, expect, it, vi } from 'vitest'
import { toJid } from '../../../model/ids.ts'
import { answerRequests } from './join-requests.ts'

const AMARA = toJid('15551110000@c.us')

afterEach(() => vi.unstubAllGlobals())

/** A page that still shows this account as an admin. */
function openPage(value: object): void {
  const modules: Record<string, object> = {
    WAWebWidToJid: { widToUserJid: String, widToGroupJid: String },
    WASmaxGroupsMembershipRequestsActionRPC: {
      sendMembershipRequestsActionRPC: async () => ({ value }),
    },
  }
  vi.stubGlobal('window', {
    whatsappMcpTasks: {
      need: async (name: string) => modules[name],
      inTime: (_endsAt: number, question: unknown) => question,
      requestsOf: async () => [{ id: AMARA }],
      inGroup: (_id: string, _endsAt: number, work: (chat: object) => unknown) => work({}),
      addresses: (id: string) => [id],
      member: () => undefined,
      me: () => ({}),
      isAdmin: () => true,
      shown: async () => true,
      wid: String,
    },
  })
}

it.each([
  ['an account that was an admin before', { code: 403 }, 'not_admin'],
  ['a device that may not', { code: '401' }, 'not_admin'],
  ['a request that is wrong', { code: 400 }, 'refused'],
])('a refusal of the whole request, of %s: %s', async (_, refusal, code) => {
  openPage({ errorMembershipRequestsActionClientErrors: { value: refusal } })
  const input = { group: toJid('120363000000000001@g.us'), approve: true, members: [AMARA] }
  expect(await answerRequests.run(input, Date.now() + 10_000)).toEqual({ gives: { codes: [code] } })
})

it.each([
  ['the server fails', { errorServerErrors: { value: { code: 500 } } }, 'refused'],
  ['nothing is said', {}, 'unknown'],
])('if %s', async (_, value, code) => {
  openPage(value)
  const input = { group: toJid('120363000000000001@g.us'), approve: false, members: [AMARA] }
  expect(await answerRequests.run(input, Date.now() + 10_000)).toEqual({ gives: { codes: [code] } })
})
