/** Whom a block is asked for, by our in-page code on a window of the test's. */
import { afterEach, expect, it, vi } from 'vitest'
import { toJid } from '../../../model/ids.ts'
import { installPageTasks } from '../page-tasks.ts'
import { blockPerson } from './block-person.ts'

const ASKED = toJid('5511987654321@c.us')
const PERSON = '551187654321@c.us'

afterEach(() => vi.unstubAllGlobals())

it('a number that leads to another one is blocked as that one', async () => {
  const asked: string[] = []
  const blocked = new Set<string>()
  const widOf = (id: string) => ({ server: id.split('@')[1], toString: () => id })
  const modules: Record<string, object> = {
    WAWebWidFactory: { createWid: widOf },
    WAWebQueryExistsJob: { queryWidExists: async () => ({ wid: widOf(PERSON) }) },
    WAWebCollections: {
      Contact: { get: (id: string) => ({ id }) },
      Blocklist: { get: (id: string) => (blocked.has(id) ? {} : undefined) },
    },
    WAWebBlockContactAction: {
      async blockContact({ contact }: { contact: { id: string } }) {
        asked.push(contact.id)
        blocked.add(contact.id)
      },
    },
  }
  vi.stubGlobal('window', {
    require: (name: string) => modules[name],
    whatsappMcpModules: { ensure: async (name: string) => modules[name] },
    whatsappMcpRows: {
      attempt: (work: () => unknown) => work(),
      me: () => [],
      others: () => [],
      findChat: () => undefined,
    },
  })
  installPageTasks()
  const done = await blockPerson.run({ person: ASKED, blocked: true }, Date.now() + 10_000)
  expect([done, asked]).toMatchObject([{ gives: { changed: true } }, [PERSON]])
})
