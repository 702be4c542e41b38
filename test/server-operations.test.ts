/** The requests of `call` and of the commands that are one operation, from what a person types. A server notes them; its document is the real one. */
import { readFileSync } from 'node:fs'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { showAudit } from '../src/cli/audit.ts'
import { openApi, serverOf } from '../src/cli/client.ts'
import { askOperation, findOperation, readOperations } from '../src/cli/server-operations.ts'
import { type Played, play } from './program.ts'

const DOCUMENT = readFileSync(new URL('../docs/openapi.json', import.meta.url))

let server: Played
const noted: { request: string; body: unknown }[] = []
beforeAll(async () => {
  server = await play(
    async (request, answer) => {
      if (request.url === '/openapi.json') return void answer.end(DOCUMENT)
      const body = request.headers['content-type'] === undefined ? null : await json(request)
      noted.push({ request: `${request.method} ${request.url}`, body })
      answer.setHeader('content-type', 'application/json').end('{"entries":[]}')
    },
    { isOurs: true },
  )
})
beforeEach(() => void noted.splice(0))
afterAll(() => server.close())

/** Returns the request of these fields. `path`: the end of the URL; `account`: that of the flag. */
async function requestOf(
  id: string,
  fields: Record<string, string>,
  { path = '', account = 'default' } = {},
) {
  const flags = { url: `${server.url}${path}`, account }
  const api = openApi(serverOf({ settings: {}, flags }))
  await askOperation(api, findOperation(await readOperations(api), id), fields)
  return noted[0]
}

const HOOK = { url: 'https://receiver.example/x' }

it.each([
  ['a flag', { account: 'work' }],
  ['the URL of the server', { path: '/accounts/work' }],
])('the account that %s names is that of routes of the server too', async (_, named) => {
  expect(await requestOf('add_webhook', HOOK, named)).toEqual({
    request: 'POST /api/webhooks',
    body: { ...HOOK, account: 'work' },
  })
  for (const name of ['webhooks', 'outbox', 'audit', 'keys']) {
    noted.splice(0)
    const found = await requestOf(`list_${name}`, {}, named)
    expect(found?.request).toBe(`GET /api/${name}?account=work`)
  }
})

it.each([
  ['', 'work'],
  ['shop', 'shop'],
])('the command audit shows the account of the URL, unless a flag names one: %j', async (account, shown) => {
  const at = serverOf({ settings: {}, flags: { url: `${server.url}/accounts/work` } })
  const none = { caller: '', operation: '', chat: '', decision: '', outcome: '', since: '', until: '' }
  vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  await showAudit(at, { ...none, account, limit: 5, json: true })
  expect(noted.map(({ request }) => request)).toEqual([`GET /api/audit?limit=5&account=${shown}`])
})

it('the account that a field names is the one, and without a name there is none', async () => {
  const work = { account: 'work' }
  expect((await requestOf('add_webhook', { ...HOOK, account: 'shop' }, work))?.body).toMatchObject({
    account: 'shop',
  })
  noted.splice(0)
  expect((await requestOf('add_webhook', HOOK))?.body).toEqual(HOOK)
  noted.splice(0)
  expect((await requestOf('list_chats', {}, work))?.request).toBe('GET /api/accounts/work/chats')
})

it.each([
  ['default', {}],
  ['work', { account: 'work' }],
  ['work', { path: '/accounts/work' }],
])('operations on an account are on the one that is named, or %s', async (account, named) => {
  expect((await requestOf('stop_account', {}, named))?.request).toBe(`POST /api/accounts/${account}/stop`)
})

it.each([
  ['add_webhook', HOOK, 'chats', '15551234567', ['15551234567']],
  ['change_webhook', { webhook_id: 'wh_1' }, 'chats', '15551234567', ['15551234567']],
  ['change_webhook', { webhook_id: 'wh_1' }, 'chats', 'null', null],
  ['check_numbers', {}, 'phone_numbers', '+15551234567, 15551234568', ['+15551234567', '15551234568']],
  ['check_numbers', {}, 'phone_numbers', '["+15551234567", 15551234568]', ['+15551234567', 15551234568]],
  ['set_chat_labels', { chat_id: '1@c.us' }, 'labels', '3,5', ['3', '5']],
  ['set_chat_labels', { chat_id: '1@c.us' }, 'labels', '[]', []],
  ['change_group_members', { group_id: '1@g.us' }, 'members', '15551234567', ['15551234567']],
  ['forward_message', { message_id: 'm' }, 'chats', 'Anna,15551234567', ['Anna', '15551234567']],
  ['send_contacts', { chat: '1' }, 'contacts', '[{"name":"A, B"}]', [{ name: 'A, B' }]],
  ['send_to_chat', { chat_id: '1' }, 'mentions', 'all', 'all'],
  ['send_media', { chat: '1' }, 'media', '{"upload":"u"}', { upload: 'u' }],
] as const)('%s %j takes --%s %s as a list or as JSON', async (id, fields, name, typed, sent) => {
  const { body } = (await requestOf(id, { ...fields, [name]: typed })) ?? {}
  expect(Object(body)[name]).toEqual(sent)
})
