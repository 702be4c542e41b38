/** `backup` and `restore`: a session moves to another directory with all that it has, or nothing is written. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Harness, openHarness } from './harness.ts'
import { ended, endPrograms, temp } from './program.ts'

const FILE = 'The bytes of a file that waits'
const TEXT = 'A message that is in the backup'
const ACCOUNTS = join('.whatsapp-mcp-api', 'accounts')

let harness: Harness
let folder: string
let file: string
const key = (name = 'backup.key') => ['--backup-key-file', join(folder, name)]

beforeAll(async () => {
  folder = temp()
  file = join(folder, 'whatsapp.backup')
  writeFileSync(join(folder, 'backup.key'), 'the key of this backup, long enough\n', { mode: 0o600 })
  writeFileSync(join(folder, 'other.key'), 'the key of another backup, long enough\n', { mode: 0o600 })
  harness = await openHarness()
  await harness.link()
  const [contact] = harness.world.state().contacts
  await harness.post('/api/send', { phone_number: contact?.phone, message: TEXT })
  await harness.post('/api/keys', { name: 'Kept', scopes: ['read'] })
  const { status } = await harness.post(`/api/chats/${contact?.phone}/media`, {
    media: { data: Buffer.from(FILE).toString('base64'), filename: 'held.txt', mimetype: 'text/plain' },
    send_at: new Date(Date.now() + 40 * 60_000).toISOString(),
  })
  expect(status).toBe(202)
})
afterAll(async () => {
  await harness.close()
  await endPrograms()
})

it('waits for nobody: while a server uses the directory, it says how to stop it', async () => {
  await harness.synced()
  const { code, err } = await ended(['backup', file, '--auth-dir', harness.authDir, ...key()])
  expect([code, existsSync(file)]).toEqual([3, false])
  expect(err).toMatch(/uses .* already\.\nStop the server first/)
})

describe('of a stopped server', () => {
  beforeAll(async () => {
    await harness.app.close()
    // Chrome's own on macOS: its target is the version, no file. It stays where the browser was killed.
    symlinkSync('152.0.7827.0', join(harness.authDir, 'session-default', 'RunningChromeVersion'))
    // The Finder's, beside the folder of an account.
    mkdirSync(join(harness.authDir, ACCOUNTS, 'work'), { recursive: true })
    writeFileSync(join(harness.authDir, ACCOUNTS, '.DS_Store'), '')
    const { code, out, err } = await ended(['backup', file, '--auth-dir', harness.authDir, ...key()])
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^Wrote .*whatsapp\.backup \(\d+\.\d MiB\)\. Anyone who has this file/)
  })

  it('is encrypted, and only its owner can read it', () => {
    const bytes = readFileSync(file)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    for (const words of [TEXT, 'SQLite format 3', 'session.json', 'ustar'])
      expect(bytes.includes(words), words).toBe(false)
  })

  it.each([
    ['a wrong key', 1, 'other.key', () => {}, 'is damaged, or this is not its key.'],
    [
      'a cut file',
      1,
      'backup.key',
      (path: string) => truncateSync(path, statSync(path).size - 9),
      'is damaged',
    ],
    ['a changed byte', 1, 'backup.key', (path: string) => change(path, 5_000), 'is damaged'],
    ['a changed head', 1, 'backup.key', (path: string) => change(path, 30), 'is damaged'],
    [
      'another file',
      1,
      'backup.key',
      (path: string) => writeFileSync(path, 'something else'),
      'is not a backup.',
    ],
  ])('is not restored from %s, and nothing is written', async (_, code, name, harm, says) => {
    const copy = join(temp(), 'copy.backup')
    writeFileSync(copy, readFileSync(file))
    harm(copy)
    const to = temp()
    const done = await ended(['restore', copy, '--auth-dir', to, ...key(name)])
    expect(done.code).toBe(code)
    expect(done.err).toContain(says)
    expect(readdirSync(to)).toEqual([])
  })

  it('replaces no session and no file, and is never written in the open', async () => {
    const there = await ended(['restore', file, '--auth-dir', harness.authDir, ...key()])
    expect([there.code, there.err.split('\n')[0]]).toEqual([3, `${harness.authDir} has a session already.`])
    const again = await ended(['backup', file, '--auth-dir', harness.authDir, ...key()])
    expect([again.code, again.err.split('\n')[0]]).toEqual([2, `${file} exists already.`])
    const open = await ended(['backup', join(folder, 'open.backup'), '--auth-dir', harness.authDir])
    expect([open.code, open.err]).toEqual([2, expect.stringContaining('openssl rand -base64 32')])
    const none = await ended(['backup', join(folder, 'none.backup'), '--auth-dir', temp(), ...key()])
    expect([none.code, readdirSync(folder)]).toEqual([3, expect.not.arrayContaining(['none.backup'])])
  })

  it('is not restored into a file, which stays as it is', async () => {
    const { code, err } = await ended(['restore', file, '--auth-dir', join(folder, 'other.key'), ...key()])
    expect([code, err]).toEqual([
      3,
      expect.stringMatching(
        /^\S+other\.key cannot be read as a directory \(ENOTDIR\)\.\nMove it away[^\n]*\n$/,
      ),
    ])
    expect(readFileSync(join(folder, 'other.key'), 'utf8')).toContain('another backup')
  })

  it('is not made of a part: a folder on a disk that is not mounted is named', async () => {
    const [part, to] = [temp(), temp()]
    mkdirSync(join(part, '.whatsapp-mcp-api'))
    symlinkSync('/nowhere/media', join(part, '.whatsapp-mcp-api', 'media'))
    const { code, err } = await ended(['backup', join(to, 'a.backup'), '--auth-dir', part, ...key()])
    expect([code, readdirSync(to)]).toEqual([1, []])
    expect(err).toContain('.whatsapp-mcp-api/media cannot be read (ENOENT).\nNo backup was written. ')
  })

  it('is ready again elsewhere without a QR code, with messages and keys', async () => {
    const to = temp()
    const { code, out } = await ended(['restore', file, '--auth-dir', to, ...key()])
    expect(code).toBe(0)
    expect(out).toMatch(/never again/)
    const mark = join(to, '.whatsapp-mcp-api', 'restored')
    expect([existsSync(mark), existsSync(join(to, ACCOUNTS, 'work', 'restored'))]).toEqual([true, true])
    expect(readdirSync(to).sort()).toEqual(['.whatsapp-mcp-api', 'session-default'])
    const restored = await openHarness({ authDir: to, simulator: harness.simulator })
    await restored.until('ready')
    expect(existsSync(mark)).toBe(false)
    expect(restored.log.filter(({ state }) => state === 'qr')).toEqual([])
    const { json } = await restored.get(`/api/search?q=${encodeURIComponent(`"${TEXT}"`)}`)
    expect(json.count).toBe(1)
    expect((await restored.get('/api/keys')).json.keys).toMatchObject([{ name: 'Kept' }])
    // A scheduled message with its file: the directory has another path now.
    const { json: waits } = await restored.get('/api/outbox?state=scheduled')
    const [{ id }] = waits.items
    const soon = new Date(Date.now() + 5_000).toISOString()
    expect(
      (await restored.call({ method: 'PATCH', path: `/api/outbox/${id}`, body: { send_at: soon } })).status,
    ).toBe(200)
    await expect
      .poll(async () => (await restored.get(`/api/outbox/${id}`)).json.item.state, { timeout: 60_000 })
      .toBe('sent')
    await restored.close()
  })
})

function change(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
}
