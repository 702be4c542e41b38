/** The file of a backup: all that a folder has comes back, or there is an error. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readBackup, writeBackup } from './backup-file.ts'

const KEY = 'the key of this backup, long enough'
const root = mkdtempSync(join(tmpdir(), 'wma-backup-file-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** A folder in which a link is above what lies deeper: its target is a file elsewhere. */
function openFolder(name: string) {
  const folder = join(root, name)
  const target = join(root, `${name}-target`)
  mkdirSync(join(folder, 'session', 'deep', 'deeper'), { recursive: true })
  writeFileSync(join(folder, 'session', 'deep', 'deeper', 'archive.db'), 'all messages')
  writeFileSync(target, 'on another disk')
  symlinkSync(target, join(folder, 'session', 'link'))
  return { folder, target, file: join(root, `${name}.backup`) }
}

it('has what a link leads to, and all that lies deeper', async () => {
  const { folder, file } = openFolder('whole')
  // As people name a folder.
  const named = `${root}/./whole/`
  const isLeftOut = (path: string) => path === 'session/left-out'
  writeFileSync(join(folder, 'session', 'left-out'), '')
  await writeBackup(file, KEY, { folder: named, entries: ['session'], isLeftOut })
  const to = join(root, 'restored')
  await readBackup(file, KEY, to)
  expect(readFileSync(join(to, 'session', 'link'), 'utf8')).toBe('on another disk')
  expect(readFileSync(join(to, 'session', 'deep', 'deeper', 'archive.db'), 'utf8')).toBe('all messages')
  expect(() => readFileSync(join(to, 'session', 'left-out'))).toThrow('ENOENT')
})

it('is none if a link leads nowhere', async () => {
  const { folder, target, file } = openFolder('broken')
  rmSync(target)
  await expect(
    writeBackup(file, KEY, { folder, entries: ['session'], isLeftOut: () => false }),
  ).rejects.toMatchObject({ code: 'unreadable', cause: { path: join(folder, 'session', 'link') } })
})
