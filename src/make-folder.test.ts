/** Folders on a real disk, and one in a place that takes none, in a process of its own: what hangs is ended there. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeFolder } from './make-folder.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-folder-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

describe('makeFolder', () => {
  it('makes what is missing, with the mode, and leaves what is there', () => {
    mkdirSync(join(dir, 'a'), { mode: 0o755 })
    writeFileSync(join(dir, 'a', 'file'), '')
    for (let time = 0; time < 2; time += 1) makeFolder(join(dir, 'a', 'b', 'c'), 0o700)
    expect(readdirSync(dir, { recursive: true }).sort()).toEqual(['a', 'a/b', 'a/b/c', 'a/file'].map(local))
    if (process.platform === 'win32') return
    expect([modeOf('a'), modeOf('a/b'), modeOf('a/b/c')]).toEqual([0o755, 0o700, 0o700])
  })

  it('takes a path from the working directory, and one through a link', () => {
    mkdirSync(join(dir, 'real'))
    symlinkSync(join(dir, 'real'), join(dir, 'link'), 'junction')
    makeFolder(relative(process.cwd(), join(dir, 'link', 'x', 'y')))
    expect(statSync(join(dir, 'real', 'x', 'y')).isDirectory()).toBe(true)
  })

  it('says what is in the way, and makes nothing', () => {
    writeFileSync(join(dir, 'file'), '')
    expect(() => makeFolder(join(dir, 'file'))).toThrow(/EEXIST/)
    expect(() => makeFolder(join(dir, 'file', 'a', 'b'))).toThrow(/ENOTDIR|ENOENT/)
    symlinkSync(join(dir, 'nowhere'), join(dir, 'broken'))
    expect(() => makeFolder(join(dir, 'broken', 'a'))).toThrow(/EEXIST/)
    expect(readdirSync(dir).sort()).toEqual(['broken', 'file'])
  })

  it.skipIf(process.platform !== 'linux')('ends where the system takes no folder', async () => {
    const file = resolve(import.meta.dirname, 'make-folder.ts')
    const program = `import { makeFolder } from ${JSON.stringify(file)}
      for (const path of ['/proc/x', '/proc/x/y/z'])
        try { makeFolder(path) } catch (error) { console.log(error.code) }`
    const args = ['--import', 'tsx', '--input-type=module', '-e', program]
    const said = await new Promise((done) => {
      execFile(process.execPath, args, { timeout: 60_000, killSignal: 'SIGKILL' }, (error, out) =>
        done(error?.message ?? out),
      )
    })
    expect(said).toMatch(/^(ENOENT\nENOENT|EACCES\nEACCES)\n$/)
  })
})

const local = (path: string) => path.split('/').join(process.platform === 'win32' ? '\\' : '/')
const modeOf = (path: string) => statSync(join(dir, path)).mode & 0o777
