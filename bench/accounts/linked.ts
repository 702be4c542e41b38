/** One built server with accounts that are linked one after the other, on one double. */
import { setTimeout as sleep } from 'node:timers/promises'
import { openSimulator } from '../../simulator/open-simulator.ts'
import type { World } from '../../simulator/simulator.ts'
import { accountPath } from '../../src/model/account-paths.ts'
import { startContestant } from '../start/contestants.ts'
import { urlOf } from '../start/link.ts'
import { writeBrowser } from '../start/place.ts'
import { type Memory, readMemory } from '../start/processes.ts'

const LIMIT_MS = 60_000
const POLL_MS = 50
/** Browsers and their caches come to rest. */
const SETTLE_MS = 5_000

export type Linked = {
  world: World
  authDir: string
  count(): number
  /** Adds an account, and waits until it is linked and its history is read. The first one is `default`, then `a2`, `a3`, … */
  link(): Promise<void>
  /** The JSON of a reading of this account. Throws if the server refuses it. */
  get(account: string, path: string): Promise<Record<string, unknown>>
  /** Waits until `test` of the account's status is true. */
  until(account: string, test: (status: Record<string, unknown>) => boolean): Promise<void>
  /** Phone number of the account's first contact. */
  contactOf(account: string): string
  /** Makes the world write to this account. */
  use(account: string): void
  memory(): Promise<Memory>
  close(): Promise<void>
}

/** @param folder where the double and the browser's program are kept */
export async function openAccounts(folder: string, authDir: string, browser: string): Promise<Linked> {
  const simulator = await openSimulator({ dataDir: null, pace: 'none', control: null })
  const { world } = simulator
  const server = startContestant('ours', {
    cwd: folder,
    authDir,
    browser: writeBrowser(folder, browser, simulator.chromiumArgs),
  })
  await server.up()
  const url = await urlOf(server)
  const contacts = new Map<string, string>()
  const numberOf = (account: string) =>
    account === 'default' ? world.state().account.phone : `155500${30_000 + Number(account.slice(1))}`
  const own = numberOf('default')

  const linked: Linked = {
    world,
    authDir,
    count: () => contacts.size,
    async link() {
      const account = contacts.size === 0 ? 'default' : `a${contacts.size + 1}`
      if (account !== 'default') await post('/api/accounts', { id: account })
      linked.use(account)
      await post(accountPath('/api/auth/start', account), {})
      await linked.until(account, ({ state }) => state === 'qr')
      await world.scan()
      await linked.until(account, ({ state, sync }) => state === 'ready' && phaseOf(sync) === 'done')
      contacts.set(account, world.state().contacts[0]?.phone ?? '')
    },
    async get(account, path) {
      const response = await fetch(`${url}${accountPath(path, account)}`)
      const text = await response.text()
      if (!response.ok) throw new Error(`GET ${path}: ${text}`)
      return JSON.parse(text)
    },
    async until(account, test) {
      for (const until = Date.now() + LIMIT_MS; ; await sleep(POLL_MS)) {
        const status = await linked.get(account, '/api/status')
        if (test(status)) return
        if (Date.now() > until) throw new Error(`${account}: ${JSON.stringify(status)}`)
      }
    },
    contactOf: (account) => contacts.get(account) ?? '',
    use: (account) => world.switchAccount({ phone: account === 'default' ? own : numberOf(account) }),
    async memory() {
      await sleep(SETTLE_MS)
      return readMemory(server.child.pid)
    },
    async close() {
      await server.end()
      await simulator.close()
    },
  }
  return linked

  async function post(path: string, body: object): Promise<void> {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`POST ${path}: ${await response.text()}`)
  }
}

function phaseOf(sync: unknown): unknown {
  return typeof sync === 'object' && sync !== null && 'phase' in sync ? sync.phase : undefined
}
