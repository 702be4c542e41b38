/** Reading in threads: what they see, and what they leave behind. */
import { existsSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import { toJid } from '../model/ids.ts'
import { createOwnIds } from '../own-ids.ts'
import { firstPositionOf } from './position.ts'
import { createEventReader } from './read-events.ts'
import { type ArchiveReads, openReads, startReadThreads } from './reads.ts'
import type { Store } from './store.ts'
import type { Threads } from './threads.ts'
import { openArchive } from './unlock.ts'

let folder: string
let threads: Threads
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wma-reads-'))
  // Tests of what they read have as much time as they need.
  threads = startReadThreads(60_000)
})
afterEach(async () => {
  await threads.close()
  rmSync(folder, { recursive: true, force: true })
})

const GROUP = toJid('120363000000000001@g.us')

type Opened = { store: Store; reads: ArchiveReads; file: string; chat: number }

function open(name: string, secret: string | null = null): Opened {
  const file = join(folder, name)
  const store = openArchive(file, secret)
  const clock = createTestClock()
  createEventReader(store, clock)
  const chat = store.chats.insert('group', { jid: GROUP })
  return { store, reads: openReads(store, threads, clock, createOwnIds('test')), file, chat }
}

function write({ store, chat }: Opened, body: string): void {
  const id = (store.messages.newest(chat)?.id ?? firstPositionOf(1_750_000_000)) + 1
  store.transaction(() =>
    store.messages.insert({
      id,
      chat,
      bare_id: `3EB0${id}`,
      sender: 0,
      type: 'chat',
      body,
      ack: 1,
      has_media: 0,
      edited_at_ms: null,
      revoked_at_ms: null,
      details: null,
    }),
  )
}

/** An export is always read in a thread. */
async function exported({ reads }: Opened): Promise<string> {
  let text = ''
  for await (const piece of (await reads.export(null, 'text')).pieces) text += piece
  return text
}

async function close({ store, reads }: Opened): Promise<void> {
  await reads.close()
  store.close()
}

it('sees what was committed right before, in an encrypted archive too, and in each only its own', async () => {
  const [plain, secret] = [open('plain.db'), open('secret.db', 'a key for this test')]
  for (const body of ['one', 'two', 'three']) {
    write(plain, `${body} plain`)
    write(secret, `${body} secret`)
    const texts = await Promise.all([exported(plain), exported(secret)])
    expect(texts[0]).toContain(`${body} plain`)
    expect(texts[0]).not.toContain('secret')
    expect(texts[1]).toContain(`${body} secret`)
    expect(texts[1]).not.toContain('plain')
  }
  await close(plain)
  await close(secret)
})

it('lets the log of the archive be emptied when it is closed, also while it is read', async () => {
  const archive = open('a.db')
  for (let n = 0; n < 20; n += 1) write(archive, 'x'.repeat(60_000))
  const { pieces } = await archive.reads.export(null, 'jsonl')
  const running = pieces[Symbol.asyncIterator]()
  expect((await running.next()).value).toContain('"line":"archive"')
  await close(archive)
  await expect(running.next()).rejects.toMatchObject({ code: 'shutting_down' })
  expect(statSync(`${archive.file}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0)
  await expect(archive.reads.export(null, 'jsonl')).rejects.toMatchObject({ code: 'shutting_down' })
})

it('lets the log be emptied while others read all the time', async () => {
  const archive = open('a.db')
  for (let n = 0; n < 50; n += 1) write(archive, 'x'.repeat(60_000))
  await exported(archive)
  const read = () => archive.reads.reader().readMessages(GROUP, { limit: 100 })
  for (let n = 0; n < 10; n += 1) {
    write(archive, `forgotten ${n}`)
    const reading = [read(), read(), read()]
    // They begin.
    await new Promise((resolve) => setTimeout(resolve, 1))
    archive.store.wipe.start(false)
    let how = archive.store.wipe.step()
    while (how === 'more') how = archive.store.wipe.step()
    if (how === 'busy') how = await archive.reads.alone(archive.store.wipe.step)
    expect(how).toBe('done')
    await Promise.all(reading)
  }
  await close(archive)
})

it('creates no file in the place of one that was moved away', async () => {
  const archive = open('a.db')
  renameSync(archive.file, `${archive.file}.moved`)
  await expect(exported(archive)).rejects.toMatchObject({ code: 'archive_unavailable' })
  expect(existsSync(archive.file)).toBe(false)
  renameSync(`${archive.file}.moved`, archive.file)
  await close(archive)
})
