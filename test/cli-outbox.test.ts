/** `outbox list` and `outbox history` of a server with more messages than a page has. */
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { listOutbox, showHistory } from '../src/cli/outbox.ts'
import { type Played, play } from './program.ts'

const HELD = 230
const PAGE = 100

/** Newest first, as the server lists them. */
const items = Array.from({ length: HELD }, (_, index) => ({
  id: `ob_${HELD - index}`,
  account: 'default',
  state: 'held',
  chat: { id: '15551234567@c.us', name: 'Anna', phone_number: '15551234567' },
  preview: `message ${HELD - index}`,
  created_at: '2025-01-01T00:00:00.000Z',
  expires_at: '2025-01-02T00:00:00.000Z',
  message_id: null,
  error: null,
  digest: 'd',
}))

let server: Played
const asked: string[] = []
beforeAll(async () => {
  server = await play(
    (request, answer) => {
      asked.push(request.url ?? '')
      const query = new URL(request.url ?? '', 'http://a').searchParams
      const of = items.filter(({ state }) => [state, null].includes(query.get('state')))
      const after = of.findIndex(({ id }) => id === query.get('before')) + 1
      const page = of.slice(after, after + PAGE)
      const next_cursor = after + PAGE < of.length ? page.at(-1)?.id : null
      answer.setHeader('content-type', 'application/json')
      answer.end(JSON.stringify({ ok: true, count: page.length, items: page, next_cursor }))
    },
    { isOurs: true },
  )
})
beforeEach(() => void asked.splice(0))
afterAll(() => server.close())

/** Runs the command, and returns what it prints. */
async function printed(
  command: (at: { url: string; isNamed: boolean; account?: string }) => Promise<number>,
) {
  const said: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0)
  await command({ url: server.url, isNamed: true })
  return said.join('')
}

it('list shows all that waits, also the oldest, which expires first', async () => {
  const list = JSON.parse(await printed((at) => listOutbox(at, { json: true })))
  expect([list.count, list.items.length]).toEqual([HELD, HELD])
  expect(await printed((at) => listOutbox(at, { json: false }))).toMatch(/ \| message 1\n[^|]*$/)
})

it('history says how to see what is older, page by page', async () => {
  const first = await printed((at) => showHistory(at, { json: false, before: '' }))
  expect(first).toMatch(/ \| message 131\n[^|]*\nMore: --before ob_131\n$/)
  const last = await printed((at) => showHistory(at, { json: false, before: 'ob_131' }))
  expect(last).toContain(' | message 130\n')
  const end = await printed((at) => showHistory(at, { json: false, before: 'ob_31' }))
  expect(end).toMatch(/ \| message 1\n[^|]*approve ob_1 [^|]*$/)
  expect(end).not.toContain('More')
  const json = JSON.parse(await printed((at) => showHistory(at, { json: true, before: '' })))
  expect(json).toMatchObject({ count: PAGE, next_cursor: 'ob_131' })
})

it('the account that the URL of the server names is the one', async () => {
  await printed((at) => listOutbox({ ...at, account: 'work' }, { json: true }))
  await printed((at) => showHistory({ ...at, account: 'work' }, { json: true, before: '' }))
  expect(asked.filter((url) => !url.includes('account=work'))).toEqual([])
})
