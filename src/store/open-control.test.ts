/** The control database on a real file: what it keeps, who may read it, and files that it refuses without touching them. */
import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import { systemClock } from '../clock.ts'
import { type ControlStore, KEPT_DEAD_MS, KEPT_MS, type OutboxRow, type WebhookRow } from '../control.ts'
import { accountIdInput, DEFAULT_ACCOUNT, toJid } from '../model/ids.ts'
import { changeArchiveKey, decryptArchive } from './change-key.ts'
import { sweepLeftovers } from './leftovers.ts'
import { openControl } from './open-control.ts'
import { connect } from './sqlite.ts'
import { openArchive } from './unlock.ts'

const SECRET = 'a key for nobody but me'
const OTHER = 'a newer key for nobody but me'
const PROXY = 'socks5://canary:81f3@proxy.example:1080'
/** Keys as cheap as the key file takes them. */
const CHEAP = { n: 1024, r: 8, p: 1 }
const WORK = accountIdInput.parse('work')

let dir: string
let file: string
let archives: string
let opened: ControlStore[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-control-'))
  file = join(dir, 'control.db')
  archives = join(dir, 'archives')
  mkdirSync(archives)
  opened = []
})
afterEach(async () => {
  for (const control of opened) await control.close()
  rmSync(dir, { recursive: true, force: true })
})

function open(secret: string | null = null): ControlStore {
  const control = openControl({ file, archives, secret, clock: systemClock })
  opened.push(control)
  return control
}

/** Open, ask and close: the ids of the accounts, or the code. */
async function look(secret: string | null = null): Promise<string> {
  const control = open(secret)
  const seen = await control.accounts.list().then(
    (accounts) => accounts.map(({ id }) => id).join(' '),
    (error) => String(error.code ?? error),
  )
  await control.close()
  return seen
}

/** A database with two accounts, closed. */
async function make(secret: string | null = null): Promise<void> {
  const control = open(secret)
  await control.accounts.add({ id: WORK, label: 'Work', proxy: PROXY })
  await control.close()
}

const filesWith = (text: string) =>
  readdirSync(dir).filter((name) => name.includes('.db') && readFileSync(join(dir, name)).includes(text))

describe('the accounts', () => {
  it('begin with default, and stay over a restart as they were changed', async () => {
    const control = open()
    expect(await control.accounts.list()).toMatchObject([
      { id: 'default', label: null, state: 'running', proxy: null, number: null },
    ])
    await control.accounts.add({ id: WORK, label: 'Work', proxy: PROXY })
    const number = toJid('15550001000@c.us')
    const changed = await control.accounts.change(WORK, { state: 'stopped', number })
    await control.close()
    const again = open()
    expect(await again.accounts.get(WORK)).toEqual(changed)
    expect(changed).toMatchObject({ label: 'Work', proxy: PROXY, state: 'stopped', number })
    await again.accounts.remove(WORK)
    expect(await again.accounts.get(WORK)).toBeNull()
    await again.close()
    expect(await look()).toBe('default')
  })

  it('refuse a second one of a name, one that is not there, and that default goes', async () => {
    await make()
    const { accounts } = open()
    const code = (work: Promise<unknown>) => work.then(String, (error) => error.code)
    expect(await code(accounts.add({ id: WORK, label: null, proxy: null }))).toBe('account_exists')
    expect((await accounts.get(WORK))?.label).toBe('Work')
    const nobody = accountIdInput.parse('nobody')
    expect(await code(accounts.change(nobody, { label: 'x' }))).toBe('account_not_found')
    expect(await code(accounts.remove(nobody))).toBe('account_not_found')
    expect(await code(accounts.remove(DEFAULT_ACCOUNT))).toBe('account_in_use')
  })

  it('are asked no more once it is closed', async () => {
    const control = open()
    await control.close()
    await expect(control.accounts.list()).rejects.toMatchObject({ code: 'shutting_down' })
  })
})

describe('what is kept for a time', () => {
  const HOUR_MS = 3_600_000
  const waiting: OutboxRow = {
    ...{ id: 'ob_1', account: DEFAULT_ACCOUNT, number: toJid('15550001000@c.us'), state: 'scheduled' },
    ...{ operation: 'send_to_chat', caller: 'owner', request: null, reason: 'send_at', digest: 'd' },
    ...{ chat: toJid('15551234567@c.us'), chatName: 'Amara', preview: 'Hi', replyTo: null, content: '{}' },
    ...{ bareId: '3EB0AA', createdAtMs: 0, releaseAtMs: null, expiresAtMs: null, sentAtMs: null },
    ...{ messageId: null, error: null },
  }

  it('is deleted hourly in a server that runs, counted from its end', async () => {
    const clock = createTestClock()
    const control = openControl({ file, archives, secret: null, clock })
    opened.push(control)
    const { accounts, outbox, webhooks } = control
    await accounts.change(DEFAULT_ACCOUNT, { number: waiting.number })
    await outbox.add({ ...waiting, createdAtMs: clock.now() - 20 * KEPT_MS })
    await outbox.change('ob_1', ['scheduled'], { state: 'sent', sentAtMs: clock.now() })
    const lane = { webhook: 'wh_1', chat: '', event: 'e', head: null, sending: [] }
    const dead = { ...lane, kind: 'session.changed', diedAtMs: clock.now() } as const
    await webhooks.putLane(lane, { ...dead, attempts: 9, firstAtMs: 0, status: 500, error: 'status_refused' })
    const kept = async () => [
      (await outbox.list({ limit: 9 })).length,
      (await webhooks.dead('wh_1', 9)).length,
    ]
    const pass = async (ms: number) => {
      clock.advance(ms)
      await expect.poll(() => clock.waits(HOUR_MS)).toBe(true)
    }
    await pass(HOUR_MS)
    expect(await kept()).toEqual([1, 1])
    await pass(KEPT_MS)
    expect(await kept()).toEqual([0, 1])
    await pass(KEPT_DEAD_MS)
    expect(await kept()).toEqual([0, 0])
  })

  it('is a message of unknown outcome too, counted from its end', async () => {
    const clock = createTestClock()
    const control = openControl({ file, archives, secret: null, clock })
    opened.push(control)
    const { outbox } = control
    await outbox.add({ ...waiting, createdAtMs: clock.now() - 20 * KEPT_MS })
    await outbox.change('ob_1', ['scheduled'], { state: 'sending' })
    await outbox.change('ob_1', ['sending'], { state: 'unknown' })
    const stateAfter = async (ms: number) => {
      clock.advance(ms)
      await expect.poll(() => clock.waits(HOUR_MS)).toBe(true)
      return (await outbox.get('ob_1'))?.state
    }
    expect(await stateAfter(HOUR_MS)).toBe('unknown')
    expect(await stateAfter(KEPT_MS)).toBeUndefined()
  })

  it('of the outbox is listed until another number, or another account of the id, takes its place', async () => {
    const clock = createTestClock()
    const control = openControl({ file, archives, secret: null, clock })
    opened.push(control)
    const { accounts, outbox } = control
    const [former, next] = [toJid('15550001000@c.us'), toJid('15550002000@c.us')]
    const listed = async (which = {}) => {
      clock.advance(1)
      return (await outbox.list({ ...which, limit: 9 })).map(({ id, state }) => `${id} ${state}`)
    }
    const expectListed = async (...items: string[]) =>
      expect([await listed(), await listed({ account: WORK })]).toEqual([items, items])
    const add = (id: string, number: OutboxRow['number']) =>
      outbox.add({ ...waiting, id, account: WORK, number, createdAtMs: clock.now() })

    await accounts.add({ id: WORK, label: null, proxy: null })
    await accounts.change(WORK, { number: former })
    await add('ob_1', former)
    await expectListed('ob_1 scheduled')
    // As the removal of an account does: what waits is cancelled last.
    await accounts.remove(WORK)
    await outbox.change('ob_1', ['scheduled'], { state: 'cancelled' })
    await expectListed('ob_1 cancelled')
    expect(await listed({ state: 'cancelled' })).toEqual(['ob_1 cancelled'])
    await accounts.add({ id: WORK, label: null, proxy: null })
    await expectListed()
    await accounts.change(WORK, { number: former })
    await expectListed()
    await add('ob_2', former)
    await expectListed('ob_2 scheduled')
    await accounts.change(WORK, { number: next })
    await add('ob_3', next)
    await expectListed('ob_3 scheduled')
  })

  it('of a number is gone with it, but not what acts on none', async () => {
    const { requests } = open()
    const begin = (operation: string) =>
      requests.begin({ caller: 'owner', account: DEFAULT_ACCOUNT, operation, key: 'k' }, 'input')
    for (const operation of ['send_message', 'create_key']) expect(await begin(operation)).toBeNull()
    await requests.forget(WORK, [])
    expect(await begin('send_message')).not.toBeNull()
    await requests.forget(DEFAULT_ACCOUNT, ['create_key'])
    expect(await begin('create_key')).not.toBeNull()
    expect(await begin('send_message')).toBeNull()
  })

  it('leaves nothing of its text in the files once its chat is forgotten', async () => {
    const { outbox } = open()
    const preview = 'a text that is forgotten'
    await outbox.add({ ...waiting, state: 'sending', preview, content: JSON.stringify({ preview }) })
    await outbox.change('ob_1', ['sending'], { state: 'sent', preview: '', content: null, sentAtMs: 1 })
    const traces = () => [file, `${file}-wal`].filter((path) => readFileSync(path).includes(preview))
    expect(traces()).toEqual([`${file}-wal`])
    await outbox.forget(DEFAULT_ACCOUNT, [waiting.chat])
    expect(traces()).toEqual([])
  })

  it('is kept after a restart for as long as before', async () => {
    const clock = createTestClock()
    const first = openControl({ file, archives, secret: null, clock })
    await first.outbox.add({ ...waiting, createdAtMs: clock.now() - 20 * KEPT_MS })
    await first.outbox.change('ob_1', ['scheduled'], { state: 'sent', sentAtMs: clock.now() })
    await first.close()
    expect(await open().outbox.get('ob_1')).toMatchObject({ state: 'sent' })
  })
})

describe('what a webhook sends', () => {
  const row: WebhookRow = {
    ...{
      id: 'wh_1',
      account: DEFAULT_ACCOUNT,
      url: 'https://example.org/',
      secret: 's',
      old: null,
      paused: null,
    },
    ...{ filter: { kinds: null, chats: null, fromMe: null, mentionsMe: false }, place: 'a', lostAtMs: null },
    createdAtMs: 0,
  }
  const sending = [{ event: 'b', message: null, body: 'a body that waits' }]
  const begin = (webhooks: ControlStore['webhooks'], id = 'wh_1') =>
    webhooks.begun(new Map([[id, { place: 'ab', sending }]]))

  it('stays with its position while it is under way, and leaves the file when that is behind it', async () => {
    const first = open()
    await first.webhooks.put(row)
    await begin(first.webhooks)
    await first.close()
    const { webhooks } = open()
    expect(await webhooks.sending('wh_1')).toEqual(sending)
    expect(await webhooks.list()).toMatchObject([{ place: 'ab' }])
    // Another setting of the webhook changes nothing about it.
    await webhooks.put({ ...row, place: 'ab', paused: 'owner' })
    expect(await webhooks.sending('wh_1')).toEqual(sending)
    expect(filesWith('a body that waits')).not.toEqual([])
    await webhooks.reached(new Map([['wh_1', 'b']]))
    expect(await webhooks.sending('wh_1')).toEqual([])
    await webhooks.wipe()
    expect(filesWith('a body that waits')).toEqual([])
  })

  it('leaves with the webhook, and does not come back', async () => {
    const { webhooks } = open()
    await webhooks.put(row)
    await begin(webhooks)
    await webhooks.remove('wh_1')
    await begin(webhooks)
    expect(await webhooks.sending('wh_1')).toEqual([])
  })

  it('of a rule is kept too', async () => {
    const { rules, webhooks } = open()
    await rules.put({ id: 'rule:1', place: 'a', paused: null, stamp: null })
    await rules.begun(new Map([['rule:1', { place: 'ab', sending }]]))
    expect(await webhooks.sending('rule:1')).toEqual(sending)
    await rules.remove('rule:1')
    expect(await webhooks.sending('rule:1')).toEqual([])
  })
})

describe('dead deliveries', () => {
  it('have pages, newest first, also if several died at the same time', async () => {
    const { webhooks } = open()
    for (const [event, atMs] of [
      ['a', 1],
      ['b', 2],
      ['c', 2],
      ['d', 2],
      ['e', 3],
    ] as const) {
      const lane = { webhook: 'wh_1', chat: '', event, head: null, sending: [] }
      const tried = { attempts: 9, firstAtMs: 0, status: 500, error: 'status_refused' }
      await webhooks.putLane(lane, { ...lane, kind: 'session.changed', diedAtMs: atMs, ...tried })
    }
    const pages: string[][] = []
    let after: { atMs: number; key: string } | null = null
    for (
      let page = await webhooks.dead('wh_1', 2);
      page.length > 0;
      page = await webhooks.dead('wh_1', 2, after)
    ) {
      pages.push(page.map(({ event }) => event))
      const last = page.at(-1)
      if (last !== undefined) after = { atMs: last.diedAtMs, key: last.event }
    }
    expect(pages).toEqual([['e', 'b'], ['c', 'd'], ['a']])
  })
})

describe('the file', () => {
  it('is its owner’s only, log and all', async () => {
    const before = process.umask(0)
    try {
      await open().accounts.list()
    } finally {
      process.umask(before)
    }
    const names = readdirSync(dir).filter((name) => name.startsWith('control.db'))
    expect(names).toContain('control.db-wal')
    for (const name of names) expect(statSync(join(dir, name)).mode & 0o077, name).toBe(0)
  })

  it.each([
    ['cut off at its end', 'control_damaged', () => truncateSync(file, statSync(file).size - 4096)],
    ['half of a copy', 'control_damaged', () => copyBeginning(8192)],
    ['no database', 'control_foreign', () => writeFileSync(file, 'somebody’s notes '.repeat(300))],
    [
      'another program’s',
      'control_foreign',
      () => {
        rmSync(file)
        const db = connect(file)
        db.exec('CREATE TABLE theirs (x)')
        db.close()
      },
    ],
    [
      'an archive',
      'control_foreign',
      () => {
        rmSync(file)
        openArchive(file, null).close()
      },
    ],
    [
      'from a newer version',
      'control_newer',
      () => {
        const db = connect(file)
        db.exec('PRAGMA user_version = 999')
        db.close()
      },
    ],
  ])('that is %s is refused and stays as it is', async (_, code, spoil) => {
    await make()
    spoil()
    const before = readFileSync(file)
    expect(await look()).toBe(code)
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it('that the disk refuses is asked for again by the next call', async () => {
    mkdirSync(file)
    const control = open()
    await expect(control.accounts.list()).rejects.toMatchObject({ code: 'control_unavailable' })
    rmSync(file, { recursive: true })
    expect(await control.accounts.list()).toHaveLength(1)
  })
})

describe('with a key', () => {
  it('is encrypted from its first byte, and opens with its key only', async () => {
    const control = open(SECRET)
    await control.accounts.add({ id: WORK, label: null, proxy: PROXY })
    expect(filesWith('canary')).toEqual([])
    await control.close()
    expect(filesWith('canary')).toEqual([])
    expect([await look(), await look(OTHER)]).toEqual(['control_locked', 'control_locked'])
    renameSync(`${file}.key.json`, `${file}.lost`)
    expect(await look(SECRET)).toBe('control_locked')
    renameSync(`${file}.lost`, `${file}.key.json`)
    expect(await look(SECRET)).toBe('default work')
  })

  it('is encrypted by the first start that has one', async () => {
    await make()
    expect(filesWith('canary')).not.toEqual([])
    expect(await look(SECRET)).toBe('default work')
    expect(filesWith('canary')).toEqual([])
    expect(await look()).toBe('control_locked')
  })

  it('stays plain beside an archive that is plain, so that both open without', async () => {
    openArchive(join(archives, '1555.db'), null).close()
    await make(SECRET)
    expect([await look(SECRET), await look()]).toEqual(['default work', 'default work'])
  })

  it.each([
    [
      'encrypted',
      null,
      SECRET,
      `encryptArchive(file, ${JSON.stringify(SECRET)}, { contents, cost, onStep })`,
    ],
    [
      'given another key',
      SECRET,
      OTHER,
      `changeArchiveKey(file, { contents, from: ${JSON.stringify(SECRET)}, to: ${JSON.stringify(OTHER)}, cost, onStep })`,
    ],
  ])(
    'killed while it is %s, is the old one, whole, and done by a second run',
    async (_, before, after, call) => {
      await make(before)
      await killed(call)
      expect(existsSync(file)).toBe(false)
      sweepLeftovers(dir)
      expect(await look(before)).toBe('default work')
      if (before !== null)
        changeArchiveKey(file, { contents: 'control', cost: CHEAP, from: before, to: after })
      expect(await look(after)).toBe('default work')
      decryptArchive(file, after, { contents: 'control' })
      expect(await look()).toBe('default work')
    },
  )
})

/** A copy in its place, of which the beginning alone was written. */
function copyBeginning(bytes: number): void {
  writeFileSync(`${file}.copy`, readFileSync(file).fill(0, bytes))
  renameSync(`${file}.copy`, file)
}

/** A process that does it, killed while the file has another name. */
async function killed(call: string): Promise<void> {
  const program = `
    import { changeArchiveKey, encryptArchive } from ${JSON.stringify(resolve(import.meta.dirname, 'change-key.ts'))}
    const file = ${JSON.stringify(file)}
    const contents = 'control'
    const cost = ${JSON.stringify(CHEAP)}
    const onStep = (step) => { if (step === 'set_aside') process.kill(process.pid, 'SIGKILL') }
    ${call}`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    cwd: resolve(import.meta.dirname, '../..'),
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  expect(await new Promise((done) => child.once('close', (_, signal) => done(signal)))).toBe('SIGKILL')
}
