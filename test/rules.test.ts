/** Rules: what runs for which event, what never runs, and what stays over changes of the file and restarts. */
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ListedRules, rulesText } from '../src/cli/rule-lines.ts'
import { toJid } from '../src/model/ids.ts'
import { createOwnIds } from '../src/own-ids.ts'
import { parseRules } from '../src/rules/rules-file.ts'
import { type EventStage, openEventStage } from './event-stage.ts'
import type { Answer } from './harness.ts'
import { openReceiver, type Receiver, status, verify } from './webhook-receiver.ts'

const BRUNO = '15550001102@c.us'
const SECRET = `whsec_${Buffer.alloc(24, 1).toString('base64')}`
const KINDS = 'kinds: [message.received]'
/** Between two looks at the file. */
const LOOK_MS = 1_000

let stage: EventStage
let receiver: Receiver
let out: string
let script: string

const rulesFile = () => join(dirname(dirname(stage.archive)), 'rules.yaml')
const until = (what: () => unknown, ms = 20_000) => expect.poll(what, { timeout: ms, interval: 10 })
const quiet = (ms = 100) => new Promise((resolve) => setTimeout(resolve, ms))
const view = async () => (await stage.get('/api/rules')).json
const lines = () => (existsSync(out) ? readFileSync(out, 'utf8').split('\n').filter(Boolean) : [])
const bodies = () => lines().map((line) => JSON.parse(line).message?.body)

/** Lets the next look at the file come, if it is planned: time does not run away while one is under way. */
function readIfDue(): void {
  if (stage.clock.waits(LOOK_MS)) stage.clock.advance(LOOK_MS)
}

/** Writes the file, and waits until it was read. */
async function save(text: string): Promise<void> {
  const { read_at: before, problem: wrong } = await view()
  stage.clock.advance(10)
  writeFileSync(rulesFile(), text, { mode: 0o600 })
  await until(async () => {
    readIfDue()
    const { read_at, problem } = await view()
    return read_at !== before || JSON.stringify(problem) !== JSON.stringify(wrong)
  }).toBe(true)
}
const rule = (name: string, ...more: string[]) =>
  [`  - name: ${name}`, ...more.map((line) => `    ${line}`)].join('\n')
const file = (...rules: string[]) => `rules:\n${rules.join('\n')}\n`
/** Runs the script, which appends its input to the file. */
const append = (...args: string[]) => `run: ${JSON.stringify([process.execPath, script, out, ...args])}`

beforeAll(async () => {
  receiver = await openReceiver()
  stage = await openEventStage({
    WHATSAPP_RULES: 'true',
    WHATSAPP_WEBHOOK_ALLOWED_ORIGINS: receiver.origin,
  })
  out = join(dirname(rulesFile()), 'out.jsonl')
  script = join(dirname(rulesFile()), 'append.mjs')
  writeFileSync(
    script,
    `import { appendFileSync } from 'node:fs'
const [, , out, what = '0'] = process.argv
let text = ''
for await (const piece of process.stdin) text += piece
if (what === 'env') text = JSON.stringify(process.env) + '\\n'
appendFileSync(out, text)
if (what === 'hang') setInterval(() => {}, 1_000)
else process.exitCode = Number(what) || 0
`,
  )
})
beforeEach(() => {
  receiver.answer = status(200)
})
afterEach(async () => {
  if (existsSync(rulesFile())) await save('rules: []\n')
  rmSync(out, { force: true })
  receiver.requests.length = 0
})
afterAll(async () => {
  await stage.close()
  await receiver.stop()
  expect(stage.log.filter(({ code }) => code === 'internal_error')).toEqual([])
})

describe('a command', () => {
  it('gets each event that the filter passes on its standard input, in the order of the chat', async () => {
    await save(file(rule('log', KINDS, `chats: [${BRUNO}]`, append())))
    stage.write({ body: 'of another chat' })
    for (const n of [1, 2, 3]) stage.write({ body: `text ${n}`, chat: toJid(BRUNO) })
    stage.write({ body: 'mine', chat: toJid(BRUNO), fromMe: true, sender: null })
    await until(bodies).toEqual(['text 1', 'text 2', 'text 3'])
    const { json } = await stage.get('/api/events?after=0&limit=100')
    const known = json.events.find(
      ({ message }: { message?: { body: string } }) => message?.body === 'text 2',
    )
    expect(JSON.parse(lines()[1] ?? '')).toEqual(known)
    await until(async () => (await view()).rules[0].last_attempt).toMatchObject({ status: 0, error: null })
  })

  it('runs without the settings of the server, which include keys', async () => {
    vi.stubEnv('WHATSAPP_ARCHIVE_KEY', 'a key that nobody may see')
    try {
      await save(file(rule('env', KINDS, append('env'))))
      stage.write()
      await until(() => lines().length).toBe(1)
      expect(lines()[0]).not.toMatch(/WHATSAPP_|nobody may see/)
      expect(lines()[0]).toContain('PATH')
    } finally {
      vi.unstubAllEnvs()
    }
  })

  it('that fails is done, and one that exits with 75 is tried again', async () => {
    await save(file(rule('fails', KINDS, append('3'))))
    stage.write({ body: 'once' })
    await until(async () => (await view()).rules[0].last_attempt?.error).toBe('command_failed')
    stage.clock.advance(60_000)
    await quiet()
    expect([bodies(), (await view()).rules[0]]).toMatchObject([
      ['once'],
      { failing_chats: 0, last_attempt: { status: 3 } },
    ])
    rmSync(out)
    await save(file(rule('later', KINDS, append('75'))))
    stage.write({ body: 'again' })
    stage.write({ body: 'after it' })
    await until(async () => (await view()).rules[0].failing_chats).toBe(1)
    stage.clock.advance(1_000)
    await until(bodies).toEqual(['again', 'again'])
  })

  it('that does not exist is named, and that hangs is ended with what it started', async () => {
    await save(file(rule('none', KINDS, 'run: [/there/is/no/such/program]')))
    stage.write()
    await until(async () => (await view()).rules[0].last_attempt?.error).toBe('command_not_started')
    await save(file(rule('hangs', KINDS, append('hang'), 'timeout_s: 60')))
    stage.write({ body: 'stays' })
    await until(bodies).toEqual(['stays'])
    stage.clock.advance(60_000)
    await until(async () => (await view()).rules[0].last_attempt?.error).toBe('command_timed_out')
    stage.write({ body: 'next' })
    await until(bodies).toEqual(['stays', 'next'])
  })

  it('runs eight times at once at most', async () => {
    const [more, often] = [Array.from({ length: 3 }, (_, n) => `rule-${n}`), [1, 2, 3, 4]]
    await save(file(...more.map((name) => rule(name, KINDS, append('hang'), 'timeout_s: 600'))))
    for (const n of often) stage.write({ body: 'x', chat: toJid(`1555000110${n}@c.us`) })
    await until(() => lines().length).toBe(8)
    await quiet(300)
    expect(lines().length).toBe(8)
  })

  it('never runs for what this server sent', async () => {
    const kinds = 'kinds: [message.sent, message.ack, message.received]'
    await save(file(rule('echo', kinds, append())))
    const secret = readFileSync(join(dirname(rulesFile()), 'message-ids.key'), 'utf8').trim()
    const ids = createOwnIds(secret)
    stage.write({ body: 'by this server', bareId: ids.create(), fromMe: true, sender: null })
    // From another account of this server.
    stage.write({ body: 'from there', bareId: ids.create() })
    stage.write({ body: 'by the phone', bareId: '3EB0AA', fromMe: true, sender: null })
    await until(bodies).toEqual(['by the phone'])
    await quiet()
    expect(bodies()).toEqual(['by the phone'])
  })
})

describe('a webhook of a rule', () => {
  it('is signed with the secret of the file, and tried again', async () => {
    receiver.answer = status(500)
    await save(file(rule('hook', KINDS, `webhook: ${receiver.url}`, `secret: ${SECRET}`)))
    stage.write({ body: 'signed' })
    await until(async () => (await view()).rules[0].failing_chats).toBe(1)
    receiver.answer = status(200)
    stage.clock.advance(1_000)
    await until(() => receiver.delivered().length).toBe(1)
    const [one] = receiver.delivered()
    if (one === undefined) throw new Error('nothing came')
    expect(verify(one, SECRET)).toEqual(one.event)
    expect(one.event.message?.body).toBe('signed')
    expect(JSON.stringify(await view())).not.toContain('whsec')
  })

  it('of an account that is removed with its archive has no text any more', async () => {
    const headers = { 'content-type': 'application/json' }
    await fetch(`${stage.url}/api/accounts`, { method: 'POST', body: '{"id":"work"}', headers })
    await save(file(rule('of-work', KINDS, 'account: work', append())))
    const id = (await stage.app.control.rules.list())[0]?.id ?? ''
    const { rules, webhooks } = stage.app.control
    // As a stop leaves it.
    const sending = [{ event: '00000000-1-1', message: null, body: 'a text under way' }]
    await rules.begun(new Map([[id, { place: '0', sending }]]))
    await webhooks.putLane({ webhook: id, chat: BRUNO, event: '00000000-1-1', head: null, sending })
    const path = `${stage.url}/api/accounts/work?archive=delete&confirm=work`
    expect((await fetch(path, { method: 'DELETE' })).status).toBe(200)
    expect([await webhooks.sending(id), await webhooks.lanes(id)]).toEqual([[], []])
    expect(await rules.list()).toMatchObject([{ id, paused: 'account_removed' }])
  })

  it('that fails for 3 days has a dead delivery, which is counted until the rule is removed', async () => {
    const hook = rule('hook', KINDS, `webhook: ${receiver.url}`, `secret: ${SECRET}`)
    receiver.answer = status(500)
    await save(file(hook))
    stage.write({ body: 'never' })
    await until(async () => (await view()).rules[0].failing_chats).toBe(1)
    await until(async () => {
      stage.clock.advance(2 * 3_600_000)
      return (await view()).rules[0].dead_deliveries
    }).toBe(1)
    expect((await view()).rules[0].failing_chats).toBe(0)
    const text = await (await fetch(`${stage.url}/metrics`)).text()
    expect(text).toContain('whatsapp_rule_dead_deliveries{account="default",rule="hook"} 1\n')
    expect(text).toContain('whatsapp_rule_lag_events{account="default",rule="hook"} 0\n')
    expect(rulesText((await view()) as ListedRules)).toContain('    1 dead delivery\n')
    await save('rules: []\n')
    await save(file(hook))
    expect((await view()).rules[0].dead_deliveries).toBe(0)
  })

  it('is not sent to a private address that the settings do not list', async () => {
    await save(file(rule('hook', KINDS, 'webhook: http://127.0.0.1:9/', `secret: ${SECRET}`)))
    stage.write()
    await until(async () => (await view()).rules[0].last_attempt?.error).toBe('address_forbidden')
  })
})

describe('the file', () => {
  const stop = async (): Promise<Answer['json']> =>
    (await fetch(`${stage.url}/api/accounts/default/stop`, { method: 'POST' })).json()

  it('with an error changes nothing: the rules of before stay, and the line is named', async () => {
    await save(file(rule('log', KINDS, append())))
    await save(`${file(rule('log', KINDS, append()))}  - name: other\n    kinds: [nothing]\n`)
    const { problem, rules } = await view()
    expect([problem, rules.length]).toEqual([{ line: 6, reason: expect.stringContaining('"kinds"') }, 1])
    const problems = [
      (await stage.get('/api/status')).json.rules_problem,
      (await stage.get('/api/accounts')).json.accounts[0].status.rules_problem,
      (await stage.get('/api/accounts/default')).json.accounts[0].status.rules_problem,
      (await stop()).account.status.rules_problem,
    ]
    for (const one of problems) expect(one).toMatch(/^Line 6: "kinds"/)
    stage.write({ body: 'still' })
    await until(bodies).toEqual(['still'])
    await save(file(rule('log', KINDS, append())))
    expect((await view()).problem).toBeNull()
    expect((await stage.get('/api/status')).json).not.toHaveProperty('rules_problem')
  })

  it.skipIf(process.getuid === undefined)('is not used while others can read it', async () => {
    await save(file(rule('log', KINDS, append())))
    chmodSync(rulesFile(), 0o644)
    await until(async () => {
      readIfDue()
      return (await view()).problem?.reason
    }).toMatch(/chmod 600/)
    unlinkSync(rulesFile())
    await until(async () => {
      readIfDue()
      return (await view()).count
    }).toBe(0)
  })

  it('starts a new rule with new events, and a changed one where it was', async () => {
    stage.write({ body: 'before' })
    await save(file(rule('hook', KINDS, `webhook: ${receiver.url}`, `secret: ${SECRET}`)))
    stage.write({ body: 'first' })
    await until(() => receiver.delivered().length).toBe(1)
    await save(file(rule('hook', KINDS, append())))
    stage.write({ body: 'second' })
    await until(bodies).toEqual(['second'])
    expect(receiver.requests.map(({ event }) => event.message?.body)).toEqual(['first'])
  })

  it('starts a new rule with new events also if no archive was open when it was read', async () => {
    stage.write({ body: 'old' })
    const account = join(dirname(dirname(stage.archive)), 'account.json')
    renameSync(account, `${account}.away`)
    await stage.restart()
    await save(file(rule('log', KINDS, append())))
    renameSync(`${account}.away`, account)
    await stage.restart()
    stage.write({ body: 'new', bareId: '3EB0BH' })
    await until(bodies).toEqual(['new'])
  })

  it('keeps its position over a restart: what came meanwhile runs, and nothing twice', async () => {
    await save(file(rule('log', KINDS, append())))
    stage.write({ body: 'one' })
    await until(bodies).toEqual(['one'])
    // Before its end, it has not run.
    await until(async () => (await view()).rules[0].last_attempt?.status).toBe(0)
    stage.clock.advance(1_000)
    await quiet()
    await stage.restart()
    stage.write({ body: 'two' })
    await until(bodies).toEqual(['one', 'two'])
    expect((await view()).rules).toMatchObject([{ name: 'log', does: 'run', kinds: ['message.received'] }])
  })
})

describe('the documentation', () => {
  const docs = readFileSync(join(import.meta.dirname, '../docs/rules.md'), 'utf8')
  const examples = [...docs.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text)

  it('has examples for each action, and each is a rules file', () => {
    const actions = examples.flatMap((text) => parseRules(text).map(({ action }) => action.does))
    expect(new Set(actions)).toEqual(new Set(['run', 'webhook', 'reply']))
    expect(examples.length).toBeGreaterThan(3)
  })

  it.skipIf(process.platform === 'win32')('has a first example that logs', async () => {
    await save((examples[0] ?? '').replace('/home/me/whatsapp.jsonl', out))
    stage.write({ body: 'logged' })
    await until(bodies).toEqual(['logged'])
  })
})

describe('another number', () => {
  it('pauses a rule, also over a restart, until the file is saved again', async () => {
    const sent = rule('sent', KINDS, `webhook: ${receiver.url}`, `secret: ${SECRET}`)
    const rules = file(rule('log', KINDS, append()), sent)
    receiver.answer = status(500)
    await save(rules)
    stage.write({ body: 'mine' })
    await until(bodies).toEqual(['mine'])
    await until(async () => (await view()).rules[1].failing_chats).toBe(1)
    stage.switchAccount('15550002000')
    stage.write({ body: 'of the other number', bareId: '3EB0BB' })
    await until(async () => (await view()).rules[0].paused_reason).toBe('other_archive')
    stage.write({ body: 'not run', bareId: '3EB0BC' })
    await quiet()
    await stage.restart()
    stage.write({ body: 'not run either', bareId: '3EB0BG' })
    await quiet()
    expect([bodies(), (await view()).rules[0].paused_reason]).toEqual([['mine'], 'other_archive'])
    receiver.answer = status(200)
    await save(`${rules}# again\n`)
    expect((await view()).rules[0].paused_reason).toBeNull()
    stage.write({ body: 'run', bareId: '3EB0BD' })
    await until(bodies).toEqual(['mine', 'run'])
    // What failed is gone with its log.
    await until(() => receiver.delivered().map(({ event }) => event.message?.body)).toEqual(['run'])
    expect((await view()).rules[1]).toMatchObject({ paused_reason: null, failing_chats: 0 })
  })
})

describe('without the setting', () => {
  it('nothing runs, and what came meanwhile is not caught up with', async () => {
    await save(file(rule('log', KINDS, append())))
    await stage.restart({ WHATSAPP_RULES: 'false' })
    expect(await view()).toMatchObject({ on: false, count: 0, problem: null })
    stage.write({ body: 'while off', bareId: '3EB0BE' })
    await stage.restart()
    stage.write({ body: 'on again', bareId: '3EB0BF' })
    await until(bodies).toEqual(['on again'])
  })
})
