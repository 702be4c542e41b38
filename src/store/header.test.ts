/** Reading the header of a database that is open in this process. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readHeader } from './header.ts'
import { openStore } from './store.ts'

/** As a person who looks into the archive with a program of their own. */
const READ = `const Database = require('libsql')
  const db = new Database(process.argv[1])
  console.log(db.prepare("SELECT value FROM meta WHERE name = 'test'").get().value)
  db.close()`

it('leaves the log of an open archive beside it when another program has read the archive', () => {
  const dir = mkdtempSync(join(tmpdir(), 'wma-header-'))
  const file = join(dir, 'a.db')
  openStore(file).close()
  const store = openStore(file)
  try {
    store.meta.set('test', 'written')
    expect([readHeader(file).kind, store.fileProblem()]).toEqual(['plain', null])
    expect(execFileSync(process.execPath, ['-e', READ, file], { encoding: 'utf8' })).toBe('written\n')
    expect(existsSync(`${file}-wal`)).toBe(true)
  } finally {
    store.close()
    rmSync(dir, { recursive: true, force: true })
  }
})
