/** Commands print times for people in the zone of this computer, and times in JSON as the server sends them. */
import { expect, it, vi } from 'vitest'
import { archiveStats } from '../src/cli/archive-export.ts'
import { showAudit } from '../src/cli/audit.ts'
import type { Server } from '../src/cli/client.ts'
import { listKeys } from '../src/cli/keys.ts'
import { LINES } from '../src/cli/lines.ts'
import { localSecond, localTime } from '../src/cli/local-time.ts'
import { listOutbox } from '../src/cli/outbox.ts'
import { send } from '../src/cli/send.ts'
import { renderStatus } from '../src/cli/status.ts'
import { play } from './program.ts'

const TIME = '2025-01-01T00:00:00.000Z'
const HERE = localTime(TIME)

it('a time for people is the one of this computer', () => {
  const at = new Date(2025, 0, 2, 3, 4, 5)
  expect([localTime(at.toISOString()), localTime(at.getTime())]).toEqual(Array(2).fill('2025-01-02 03:04'))
  expect(localSecond(at.toISOString())).toBe('2025-01-02 03:04:05')
})

const attempt = { at: TIME, status: 500, error: null }
const filter = {
  url: 'u',
  does: 'd',
  account: 'default',
  kinds: null,
  chats: null,
  from_me: null,
  mentions_me: false,
}
const receiver = {
  ...filter,
  failing_chats: 0,
  dead_deliveries: 0,
  paused_reason: null,
  last_attempt: attempt,
}
const delivery = { event: 'e', kind: 'k', chat: null, attempts: 1, ...attempt }
const status = {
  ...{ state: 'qr', since_at: TIME, account: null, reason: null, last_error: null, next_step: null },
  pairing: { method: 'qr', expires_at: TIME },
  reconnect: { attempt: 1, next_attempt_at: TIME },
  archive: { messages: 1, encrypted: false, problem: null, stale_since: TIME },
  sync: null,
}

it.each<[what: string, times: number, text: () => string]>([
  ['the status', 4, () => renderStatus(status as never, '')],
  ['webhooks', 2, () => LINES.webhooks({ webhooks: [{ ...receiver, id: 'wh', lost_events_at: TIME }] })],
  [
    'rules',
    1,
    () => LINES.rules({ on: true, file: 'f', problem: null, rules: [{ ...receiver, name: 'a' }] }),
  ],
  [
    'deliveries',
    2,
    () => LINES.deliveries({ deliveries: [{ ...delivery, next_attempt_at: TIME, dead_at: TIME }] }),
  ],
])('%s', (_, times, text) => {
  expect(text().split(HERE)).toHaveLength(times + 1)
  expect(text()).not.toContain(TIME)
})

const item = {
  ...{ id: 'ob', account: 'default', state: 'held', digest: 'd', preview: '', message_id: null, error: null },
  ...{ created_at: TIME, expires_at: TIME, release_at: TIME },
  chat: { id: '15551234567@c.us', name: 'Anna', phone_number: '15551234567' },
}
const key = {
  ...{ id: 'key', name: 'k', scopes: ['read'], accounts: null, suspended: [], toolsets: null, chats: null },
  ...{ sends: null, expires_at: TIME, last_used_at: TIME, old_secret_until: TIME },
}
const sent = { chat: { name: 'Anna' }, message_id: 'm', timestamp: TIME }
const call = {
  at: TIME,
  caller: 'owner',
  face: 'rest',
  client: null,
  operation: 'o',
  account: null,
  chat: null,
}
const text = { 'reply-to': '', mention: '', as: '', file: '', 'send-at': '' }

it.each<[what: string, times: number, answer: object, run: (at: Server, json: boolean) => Promise<number>]>([
  // Three states wait: the server lists the item for each.
  ['outbox list', 9, { items: [item], next_cursor: null }, (at, json) => listOutbox(at, { json })],
  ['keys list', 3, { keys: [key] }, (at, json) => listKeys(at, { json })],
  ['audit', 1, { entries: [call] }, (at, json) => showAudit(at, { json, limit: 1 } as never)],
  [
    'archive stats',
    2,
    { file: 'f', size_bytes: 1, oldest_at: TIME, newest_at: TIME, by_kind: [] },
    (at, json) => archiveStats(at, { json }),
  ],
  ['send', 1, sent, (at, json) => send(at, { ...text, chat: '1', message: 'm', json } as never)],
])('%s', async (_, times, answer, run) => {
  const server = await play((_, reply) => void reply.end(JSON.stringify(answer)), { isOurs: true })
  const printed = async (json: boolean) => {
    const said: string[] = []
    vi.spyOn(process.stdout, 'write').mockImplementation((one) => said.push(String(one)) > 0)
    await run({ url: server.url, isNamed: true }, json)
    vi.restoreAllMocks()
    return said.join('')
  }
  const [shown, json] = [await printed(false), await printed(true)]
  server.close()
  expect(shown.split(HERE)).toHaveLength(times + 1)
  expect([shown.includes(TIME), json.includes(TIME), json.includes(HERE)]).toEqual([false, true, false])
})
