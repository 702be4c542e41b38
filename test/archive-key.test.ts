/** An encrypted archive from the outside: the built program with a key, without one, with another one; and no word in plain on disk. */
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { ERRORS } from '../src/errors.ts'
import { toJid } from '../src/model/ids.ts'
import type { Status } from '../src/model/status.ts'
import { createExporter } from '../src/store/exporter.ts'
import type { Store } from '../src/store/store.ts'
import { openArchive } from '../src/store/unlock.ts'
import { browserEnvironments } from './browser-processes.ts'
import { browserPath, type Harness, openHarness } from './harness.ts'
import { call, ended, endPrograms, type Program, run, stop, temp } from './program.ts'
import { openSmallDisk } from './soak/small-disk.ts'

const KEY = 'a key for nobody but me'
const NEW_KEY = 'a newer key for nobody but me'
const CANARY = 'canary-93ce stays between us'
const NUMBER = '15550001000'
const CHAT = toJid('15550001101@c.us')

afterEach(endPrograms)

/** A directory whose account has messages in its archive; no session is saved, so no browser is started. */
function prepare(secret: string | null, dir = temp(), count = 1): { dir: string; file: string } {
  const own = join(dir, '.whatsapp-mcp-api')
  mkdirSync(join(own, 'archives'), { recursive: true, mode: 0o700 })
  writeFileSync(join(own, 'account.json'), `{"wid":"${NUMBER}@c.us"}\n`, { mode: 0o600 })
  const file = join(own, 'archives', `${NUMBER}.db`)
  const store = openArchive(file, secret)
  fill(store, count)
  store.close()
  return { dir, file }
}

function fill(store: Store, count: number): void {
  store.transaction(() => {
    const person = store.people.insert({
      phone: CHAT,
      lid: null,
      name: null,
      pushname: null,
      inAddressBook: false,
      isBusiness: false,
      isBlocked: false,
    })
    const chat = store.chats.insert('direct', { person })
    for (let id = 1; id <= count; id += 1)
      store.messages.insert({
        id,
        chat,
        bare_id: `3EB0${id}`,
        sender: person,
        type: 'chat',
        body: CANARY,
        ack: 1,
        has_media: 0,
        edited_at_ms: null,
        revoked_at_ms: null,
        details: null,
      })
    store.chats.noteMessage(chat, 1, 1_735_819_200)
  })
}

/** The files below in which the text stands as it is. A browser that runs removes some of its own meanwhile. */
function filesWith(dir: string, text: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(dir, name)
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false
    try {
      return readFileSync(path).includes(text)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      return false
    }
  })
}

type Server = Program & { url: string }
async function serve(dir: string, env: Record<string, string> = {}): Promise<Server> {
  const program = run(['serve', '--port', '0', '--auth-dir', dir], { env })
  const url = () => /WhatsApp for your agents: (\S+)/.exec(program.out)?.[1]
  await expect.poll(() => url() ?? program.err, { timeout: 60_000 }).toMatch(/^http/)
  return Object.assign(program, { url: url() ?? '' })
}

type Problem = { code?: string; hint?: string; messages?: { body: string }[] }
const read = ({ url }: Server) => call<Problem>(`${url}/api/messages?chat_id=${encodeURIComponent(CHAT)}`)
const statusOf = ({ url }: Server) => call<Status>(`${url}/api/status`)

/** What a server with this environment says of it: what reading gives, and the status; stopped again. */
async function look(dir: string, env: Record<string, string> = {}) {
  const server = await serve(dir, env)
  const [answer, status] = [await read(server), await statusOf(server)]
  const told = (await ended(['status', '--url', server.url])).out
  expect(await stop(server)).toBe(0)
  const environment = Object.values(env).filter((text) => text.includes(KEY))
  for (const text of [...environment, CANARY]) expect(server.err + server.out).not.toContain(text)
  const { archive, next_step } = status
  return {
    answer,
    archive,
    next_step,
    told,
    code: answer.code ?? answer.messages?.map(({ body }) => body).join(),
  }
}

describe('a server', () => {
  it('reads an encrypted archive with its key, over restarts, and says why it cannot without', async () => {
    const { dir, file } = prepare(KEY)
    const keyFile = join(temp(), 'archive.key')
    writeFileSync(keyFile, `${KEY}\n`, { mode: 0o600 })
    const right = { WHATSAPP_ARCHIVE_KEY: KEY }
    expect(await look(dir, right)).toMatchObject({
      code: CANARY,
      archive: { encrypted: true, problem: null, messages: 1 },
    })
    expect((await look(dir, { WHATSAPP_ARCHIVE_KEY_FILE: keyFile })).code).toBe(CANARY)
    expect((await look(dir, { WHATSAPP_ARCHIVE_KEY_COMMAND: `cat "${keyFile}"` })).code).toBe(CANARY)
    for (const [env, code] of [
      [{}, 'archive_key_missing'],
      [{ WHATSAPP_ARCHIVE_KEY: NEW_KEY }, 'archive_key_wrong'],
    ] as const) {
      const { answer, archive, next_step, told } = await look(dir, env)
      expect(answer).toMatchObject({ code, hint: expect.stringContaining('start the server again') })
      // Neither empty nor up to date nor from 1970: it is not known.
      expect(archive).toMatchObject({ encrypted: true, problem: code, messages: null, stale_since: null })
      expect(next_step).toBe(ERRORS[code].hint)
      expect(told).toContain(`cannot be opened, encrypted, ${code}`)
    }
    renameSync(`${file}.key.json`, `${file}.lost`)
    expect(await look(dir, right)).toMatchObject({
      code: 'archive_key_unknown',
      archive: { encrypted: true, problem: 'archive_key_unknown' },
    })
    renameSync(`${file}.lost`, `${file}.key.json`)
    expect((await look(dir, right)).code).toBe(CANARY)
    expect(filesWith(dir, CANARY)).toEqual([])
    expect(filesWith(dir, KEY)).toEqual([])
  }, 300_000)

  it('with a key neither reads nor writes a plain archive', async () => {
    const { dir } = prepare(null)
    const { answer, archive } = await look(dir, { WHATSAPP_ARCHIVE_KEY: KEY })
    expect(answer).toMatchObject({
      code: 'archive_not_encrypted',
      hint: expect.stringContaining('archive encrypt'),
    })
    expect(archive).toMatchObject({ encrypted: false, problem: 'archive_not_encrypted' })
    expect(await look(dir)).toMatchObject({ code: CANARY, archive: { encrypted: false, problem: null } })
  })

  it('has the key on no command line, and hands it to no process of its own', async () => {
    const { dir } = prepare(KEY)
    const server = await serve(dir, {
      WHATSAPP_ARCHIVE_KEY: KEY,
      WHATSAPP_CHROME_EXECUTABLE: browserPath(),
      CHECK: 'is inherited',
    })
    expect(readFileSync(`/proc/${server.child.pid}/cmdline`, 'utf8')).not.toContain(KEY)
    // A start that goes nowhere: what counts is the browser that it starts.
    const started = call(`${server.url}/api/auth/start`, {}).catch(() => {})
    const inherited = () => browserEnvironments(dir)
    await expect.poll(() => inherited().join(), { timeout: 60_000 }).toContain('CHECK=is inherited')
    expect(inherited().join()).not.toContain(KEY)
    await stop(server)
    await started
  })

  it.each([
    [{ WHATSAPP_ARCHIVE_KEY: 'short' }, 'fewer than 12 characters'],
    [{ WHATSAPP_ARCHIVE_KEY: KEY, WHATSAPP_ARCHIVE_KEY_FILE: '/x' }, 'Only one of'],
    [{ WHATSAPP_ARCHIVE_KEY_FILE: '/nowhere/x' }, 'cannot be read'],
    [{ WHATSAPP_ARCHIVE_KEY_COMMAND: '/nowhere/x' }, 'cannot be run'],
  ])('does not start with %j', async (env, says) => {
    const { code, err } = await ended(['serve', '--port', '0', '--auth-dir', temp()], { env })
    expect(code).toBe(2)
    expect(err).toContain(says)
    expect(err).not.toContain('    at ')
  })

  it('has no flag for the key itself', async () => {
    const { code, err } = await ended(['serve', '--archive-key', KEY])
    expect([code, err.includes(KEY)]).toEqual([2, false])
  })
})

describe('archive encrypt, change-key and decrypt', () => {
  const with_ = (dir: string, args: string[], env: Record<string, string> = {}, input?: string) =>
    ended(['archive', ...args, '--auth-dir', dir], { env, ...(input === undefined ? {} : { input }) })

  it('do what they say, and leave nothing in plain before the last', async () => {
    const { dir, file } = prepare(null)
    const right = { WHATSAPP_ARCHIVE_KEY: KEY }
    expect(filesWith(dir, CANARY)).not.toEqual([])
    expect(await with_(dir, ['encrypt'], right)).toMatchObject({
      code: 0,
      out: `${NUMBER}.db: now encrypted\n`,
    })
    expect(filesWith(dir, CANARY)).toEqual([])
    expect((await with_(dir, ['encrypt'], right)).out).toContain('already encrypted')
    // What a command says is text, also through a pipe.
    const keyFile = join(temp(), 'my.key')
    writeFileSync(keyFile, `${KEY}\n`)
    chmodSync(keyFile, 0o644)
    const warned = await with_(dir, ['encrypt', '--archive-key-file', keyFile])
    if (process.platform !== 'win32')
      expect([warned.code, warned.err]).toEqual([
        0,
        expect.stringMatching(/^[\d:]{8} warn other users could read the key file.*\n$/),
      ])
    expect((await look(dir, right)).code).toBe(CANARY)

    const changed = await with_(dir, ['change-key', '--new-key-file', '-', '--json'], right, `${NEW_KEY}\n`)
    const control = join(dir, '.whatsapp-mcp-api', 'control.db')
    expect(JSON.parse(changed.out)).toEqual({
      ok: true,
      archives: [{ file, changed: true }],
      control: { file: control, changed: true },
    })
    expect(filesWith(dir, 'CREATE TABLE')).toEqual([])
    expect((await look(dir, right)).code).toBe('archive_key_wrong')
    expect((await look(dir, { WHATSAPP_ARCHIVE_KEY: NEW_KEY })).code).toBe(CANARY)
    expect(filesWith(dir, CANARY)).toEqual([])

    expect(await with_(dir, ['decrypt'], right)).toMatchObject({
      code: 1,
      err: expect.stringContaining('archive_key_wrong'),
    })
    expect(await with_(dir, ['decrypt'], { WHATSAPP_ARCHIVE_KEY: NEW_KEY })).toMatchObject({
      code: 0,
      out: `${NUMBER}.db: now plain\ncontrol.db: now plain\n`,
    })
    expect((await look(dir)).code).toBe(CANARY)
    expect(readFileSync(control).toString('latin1')).toContain('CREATE TABLE accounts')
    expect(
      readdirSync(join(dir, '.whatsapp-mcp-api', 'archives')).filter((name) => !/-(wal|shm)$/.test(name)),
    ).toEqual([`${NUMBER}.db`])
  }, 300_000)

  it.each([
    ['encrypt', '.replaced'],
    ['decrypt', '.new'],
  ])('the next one overwrites what a killed %s left in plain (%s)', async (_, end) => {
    const { dir, file } = prepare(KEY)
    const held = join(temp(), 'held')
    writeFileSync(file + end, CANARY)
    // A second name, to look at what becomes of it.
    linkSync(file + end, held)
    expect(await with_(dir, ['encrypt'], { WHATSAPP_ARCHIVE_KEY: KEY })).toMatchObject({
      code: 0,
      out: expect.stringContaining('already encrypted'),
    })
    expect(readFileSync(held)).toEqual(Buffer.alloc(CANARY.length))
    expect(existsSync(file + end)).toBe(false)
  })

  it('do nothing while a server runs, without a key, or where there is no archive', async () => {
    const { dir } = prepare(null)
    const server = await serve(dir)
    expect(await with_(dir, ['encrypt'], { WHATSAPP_ARCHIVE_KEY: KEY })).toMatchObject({
      code: 3,
      err: expect.stringContaining('Stop the server first'),
    })
    expect((await read(server)).messages).toHaveLength(1)
    await stop(server)
    expect(await with_(dir, ['encrypt'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('No key is set'),
    })
    expect((await with_(dir, ['change-key'], { WHATSAPP_ARCHIVE_KEY: KEY })).code).toBe(2)
    expect((await with_(join(dir, 'elsewhere'), ['encrypt'], { WHATSAPP_ARCHIVE_KEY: KEY })).code).toBe(3)
  })

  it('leave the archive as it was where there is no room for the copy', async ({ skip }) => {
    const disk = openSmallDisk(8)
    if (typeof disk === 'string') return skip(disk)
    try {
      const { dir } = prepare(null, join(disk.path, 'session'), 9000)
      disk.fill(500_000)
      expect(await with_(dir, ['encrypt'], { WHATSAPP_ARCHIVE_KEY: KEY })).toMatchObject({
        code: 1,
        err: expect.stringContaining('archive_full'),
      })
      const archives = join(dir, '.whatsapp-mcp-api', 'archives')
      expect(readdirSync(archives).filter((name) => name.includes('.new'))).toEqual([])
      disk.free()
      expect((await look(dir)).code).toContain(CANARY)
      expect((await with_(dir, ['encrypt'], { WHATSAPP_ARCHIVE_KEY: KEY })).code).toBe(0)
      expect(filesWith(dir, CANARY)).toEqual([])
    } finally {
      await endPrograms()
      disk.close()
    }
  })

  it('print their result on standard output and what they log on standard error, as text', async () => {
    const { dir, file } = prepare(null)
    const exported = join(temp(), 'all.jsonl')
    const server = await serve(dir)
    const stats = await ended(['archive', 'stats', '--url', server.url])
    expect([stats.code, stats.err, stats.out.split('\n')[0]]).toEqual([0, '', `file       ${file}`])
    const written = await ended(['archive', 'export', '--url', server.url, '--out', exported])
    expect(written).toEqual({ code: 0, out: `Wrote 1 message to ${exported}.\n`, err: '' })
    await stop(server)

    const key = { WHATSAPP_ARCHIVE_KEY: KEY }
    const control = 'control.db'
    const target = join(temp(), 'target')
    const imported = `Imported 1 message into ${join(target, '.whatsapp-mcp-api', 'archives', `${NUMBER}.db`)}.\n`
    const steps: [string[], string, string, Record<string, string>?][] = [
      [['verify'], dir, `${file} has no errors.\n`],
      [['import', exported], target, imported],
      [['encrypt'], dir, `${NUMBER}.db: now encrypted\n${control}: now encrypted\n`, key],
      [['decrypt'], dir, `${NUMBER}.db: now plain\n${control}: now plain\n`, key],
    ]
    for (const [args, place, out, env] of steps) {
      // Each finds the directory open to others, and logs that it closes it.
      mkdirSync(place, { recursive: true })
      chmodSync(place, 0o755)
      const done = await with_(place, args, env)
      expect([args[0], done.code, done.out]).toEqual([args[0], 0, out])
      expect(done.err).toMatch(/^[\d:]{8} warn the directory was open to other users[^\n]*\n$/)
    }
  })

  it('are found by their two words', async () => {
    expect((await ended(['archive'])).err + (await ended(['archive', '--help'])).out).toContain(
      'archive change-key',
    )
    expect((await ended(['archive', 'encrypt', '--help'])).out).toContain('WHATSAPP_ARCHIVE_KEY')
    expect(await ended(['archive', 'dance'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('The command "archive dance" does not exist'),
    })
  })
})

describe('archive import with a key', () => {
  const right = { WHATSAPP_ARCHIVE_KEY: KEY }
  /** An exported archive of so many messages, each with the canary. */
  function exportOf(count: number): string {
    const { file } = prepare(null)
    const store = openArchive(file, null)
    store.meta.set('account_wid', `${NUMBER}@c.us`)
    const lines = [...createExporter(store.db, systemClock).export(null, 'jsonl').pieces].join('').split('\n')
    store.close()
    const at = lines.findIndex((line) => line.includes('"line":"message"'))
    const message = JSON.parse(lines[at] ?? '')
    const messages = Array.from({ length: count }, (_, n) =>
      JSON.stringify({ ...message, position: message.position + n, bare_id: `3EB0${n}` }),
    )
    const out = join(temp(), 'export.jsonl')
    const end = JSON.stringify({ line: 'end', messages: count })
    writeFileSync(out, [...lines.slice(0, at), ...messages, end, ''].join('\n'))
    return out
  }
  /** With a temporary directory of its own, so that it can be looked through. */
  const from = (dir: string) => ({ TMPDIR: join(dir, 'tmp'), SQLITE_TMPDIR: join(dir, 'tmp') })
  const archive = (dir: string, args: string[], env: Record<string, string> = {}) =>
    ended(['archive', ...args, '--auth-dir', dir], { env })
  const archivesIn = (dir: string) => readdirSync(join(dir, '.whatsapp-mcp-api', 'archives'))

  it('encrypts all that it writes; archive verify looks through it with the key, and says why not without', async () => {
    const dir = temp()
    mkdirSync(from(dir).TMPDIR)
    const { code, out } = await archive(dir, ['import', exportOf(300), '--json'], { ...right, ...from(dir) })
    expect([code, JSON.parse(out).messages]).toEqual([0, 300])
    expect(filesWith(dir, CANARY)).toEqual([])
    expect(await archive(dir, ['verify', '--json'], right)).toMatchObject({
      code: 0,
      out: expect.stringContaining('"flaws": []'),
    })
    for (const [env, code] of [
      [{}, 'archive_key_missing'],
      [{ WHATSAPP_ARCHIVE_KEY: NEW_KEY }, 'archive_key_wrong'],
    ] as const)
      expect(await archive(dir, ['verify'], env)).toMatchObject({
        code: 1,
        err: expect.stringContaining(code),
      })
    expect(filesWith(dir, CANARY)).toEqual([])
  })

  it('killed, leaves nothing in plain, and nothing that asks for a key', async () => {
    const dir = temp()
    mkdirSync(from(dir).TMPDIR)
    const file = exportOf(200_000)
    const program = run(['archive', 'import', file, '--auth-dir', dir], { env: { ...right, ...from(dir) } })
    await expect.poll(() => program.err, { timeout: 60_000 }).toMatch(/^\d+ messages imported\n$/)
    expect(await stop(program, 'SIGKILL')).toBe('SIGKILL')
    expect(archivesIn(dir)).toContain(`${NUMBER}.db.new`)
    expect(filesWith(dir, CANARY)).toEqual([])
    expect((await archive(dir, ['import', exportOf(1)])).err).toBe('')
    expect(archivesIn(dir).filter((name) => !/-(wal|shm)$/.test(name))).toEqual([`${NUMBER}.db`])
    expect((await look(dir)).code).toBe(CANARY)
  })

  it('killed at its very end, has its key file put in its place', async () => {
    const dir = temp()
    await archive(dir, ['import', exportOf(1)], right)
    const places = join(dir, '.whatsapp-mcp-api', 'archives', NUMBER)
    renameSync(`${places}.db.key.json`, `${places}.db.new.key.json`)
    expect(await archive(dir, ['verify'], right)).toMatchObject({ code: 0, err: '' })
    expect(archivesIn(dir)).toContain(`${NUMBER}.db.key.json`)
    // The archive is only moved away, for a backup: nobody opens it without its key file.
    renameSync(`${places}.db`, `${places}.away`)
    await archive(dir, ['encrypt'], right)
    renameSync(`${places}.away`, `${places}.db`)
    expect((await archive(dir, ['verify'], right)).code).toBe(0)
  })
})

describe('a linked account', () => {
  let harness: Harness
  afterEach(() => harness.close())
  const texts = async () => {
    const { json } = await harness.get('/api/messages?phone_number=15550001101')
    return json.code ?? json.messages.map(({ body }: { body: string }) => body)
  }

  it('is recorded encrypted from the first byte, and sends also where the key is gone', async () => {
    harness = await openHarness({ env: { WHATSAPP_ARCHIVE_KEY: KEY } })
    await harness.link()
    await harness.synced()
    await harness.world.write({ from: '15550001101', text: CANARY })
    await expect.poll(texts).toContain(CANARY)
    const { archive } = await harness.status()
    expect(archive).toMatchObject({ encrypted: true, problem: null })
    const own = join(harness.authDir, '.whatsapp-mcp-api')
    expect(filesWith(own, CANARY)).toEqual([])
    // What the log said is in the archive's own files, but not in plain.
    expect(readdirSync(join(own, 'archives'))).toContain(`${archive?.file.split('/').at(-1)}.key.json`)
    await harness.restart()
    await harness.until('ready')
    expect(await texts()).toContain(CANARY)
    expect(filesWith(harness.authDir, CANARY)).toEqual([])
    rmSync(`${archive?.file}.key.json`)
    await harness.restart()
    await harness.until('ready')
    expect(await texts()).toBe('archive_key_unknown')
    const sent = await harness.post('/api/send', {
      phone_number: '15550001101',
      message: 'without an archive',
    })
    expect(sent.status).toBe(200)
  })
})
