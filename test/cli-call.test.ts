/** `call`: any operation from a terminal, by its name and the names of its fields. The built program beside a sandbox. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { besideSandbox, temp } from './program.ts'

const { cli } = besideSandbox()

it('prints what an operation returns, as lines or as JSON', async () => {
  const { code, out, err } = await cli('call', 'list_chats', '--limit', '2')
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/^ok: true\ncount: 2\nchats:\n {2}- id: \S+@\S+\n {4}name: /)
  const json = JSON.parse((await cli('call', 'list_chats', '--limit', '2', '--json')).out)
  expect(json).toMatchObject({ ok: true, count: 2 })
})

it('sends fields in the path, the query and the body, as their types', async () => {
  const url = 'https://receiver.example/hook'
  const input = ['--kinds', 'message.received,message.sent', '--from-me', 'false', '--paused']
  const made = JSON.parse((await cli('call', 'add_webhook', `url=${url}`, ...input, '--json')).out)
  expect(made).toMatchObject({
    url,
    kinds: ['message.received', 'message.sent'],
    from_me: false,
    paused: true,
  })
  const changed = ['call', 'change_webhook', '--webhook_id', made.id, '--from_me', 'null', '--json']
  expect(JSON.parse((await cli(...changed)).out)).toMatchObject({ id: made.id, from_me: null, paused: true })
  const one = await cli('call', 'get_webhook', `webhook_id=${made.id}`)
  expect(one.out).toContain('kinds: message.received, message.sent\n')
  expect((await cli('call', 'remove_webhook', '--webhook_id', made.id)).out).toBe('ok: true\n')
})

it('sends and saves files', async () => {
  const folder = temp()
  writeFileSync(join(folder, 'a.txt'), 'Hello')
  const upload = ['call', 'upload_file', '--file', join(folder, 'a.txt'), '--type', 'text/plain', '--json']
  expect(JSON.parse((await cli(...upload)).out)).toMatchObject({ size_bytes: 5, mimetype: 'text/plain' })
  const out = join(folder, 'export.jsonl')
  expect(await cli('call', 'export_archive', '--out', out)).toEqual({ code: 0, out: '', err: '' })
  expect(readFileSync(out, 'utf8').length).toBeGreaterThan(1_000)
})

/** Runs the command, and returns the id of its message. */
async function idOf(words: string[]): Promise<string> {
  const { out, err } = await cli(...words, '--json')
  expect(err).toBe('')
  return JSON.parse(out).message_id
}

it('a command that is repeated with its idempotency key sends once', async () => {
  const file = join(temp(), 'invoice.txt')
  writeFileSync(file, 'Invoice')
  for (const words of [
    ['send', '15551234567', 'once'],
    ['send', 'Weekend hike', 'Your invoice', '--file', file],
    ['call', 'send_to_chat', '--chat_id', '15551234567@c.us', '--message', 'once'],
  ]) {
    const keyed = [...words, '--idempotency-key', `job-${words.length}`]
    const [first, second, unkeyed] = [await idOf(keyed), await idOf(keyed), await idOf(words)]
    expect(first).toMatch(/^true_/)
    expect([second === first, unkeyed === first]).toEqual([true, false])
  }
  const other = await cli('send', '15551234567', 'another', '--idempotency-key', 'job-3')
  expect([other.code, other.err]).toEqual([1, expect.stringContaining('(idempotency_key_reused)')])
})

it.each([
  [['send', '15551234567', 'x', '--idempotency-key', '7c1d…'], 'visible ASCII'],
  [['call'], 'call requires OPERATION'],
  [['call', 'list_chat'], 'Did you mean list_chats?'],
  [['call', 'list_chats', '--limt', '2'], 'Did you mean --limit?'],
  [['call', 'get_webhook'], 'requires --webhook_id'],
  [['call', 'upload_file'], 'takes a file'],
  [['call', 'send_to_chat', '--chat_id', '15551234567', '--message'], '--message requires a value'],
  [['call', 'send_to_chat', '--message', '--chat_id', '15551234567'], '--message requires a value'],
])('%j says what is wrong', async (words, text) => {
  const { code, out, err } = await cli(...words)
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain(text)
})

it('an error of the server is one, with its next step', async () => {
  const { code, out, err } = await cli('call', 'get_webhook', '--webhook_id', 'wh_none')
  expect([code, out]).toEqual([1, ''])
  expect(err).toContain('webhook_not_found')
})
