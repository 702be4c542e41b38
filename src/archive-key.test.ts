import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KeyError, readArchiveKey } from './archive-key.ts'
import { createLog } from './log.ts'

const KEY = 'correct horse battery'
let dir: string
let file: string
let lines: string
const log = createLog({
  level: 'debug',
  write: (line) => {
    lines += line
  },
})
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-key-'))
  file = join(dir, 'archive.key')
  lines = ''
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function write(content: string | Buffer, mode = 0o600): void {
  writeFileSync(file, content)
  chmodSync(file, mode)
}
function written(content: string | Buffer): { file: string } {
  write(content)
  return { file }
}
const node = (script: string) => `"${process.execPath}" -e '${script}'`

describe('readArchiveKey', () => {
  it('is null where none is set', async () => {
    expect(await readArchiveKey(null, log)).toBeNull()
  })

  it('takes the key of the environment without the spaces around it', async () => {
    expect(await readArchiveKey({ key: ` ${KEY} ` }, log)).toBe(KEY)
  })

  it.each([KEY, `${KEY}\n`, `${KEY}\r\n`, `${KEY}\n\n`])(
    'takes the one line of a file: %j',
    async (content) => {
      write(content)
      expect(await readArchiveKey({ file }, log)).toBe(KEY)
      expect(lines).toBe('')
    },
  )

  it('closes a file that others can read, and says so without the key', async () => {
    write(KEY, 0o644)
    expect(await readArchiveKey({ file }, log)).toBe(KEY)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(lines).toContain('other users could read the key file')
    expect(lines).not.toContain(KEY)
  })

  it('takes the first line that a command prints', async () => {
    const command = node(`console.log("${KEY}"); console.log("url: somewhere")`)
    expect(await readArchiveKey({ command }, log)).toBe(KEY)
  })

  it('hands no setting of the server to a command', async () => {
    const settings = ['WHATSAPP_ARCHIVE_KEY', 'WHATSAPP_MCP_KEY']
    for (const name of settings) process.env[name] = KEY
    try {
      const command = node(
        'console.log("the settings:", ...Object.keys(process.env).filter((name) => name.startsWith("WHATSAPP_")))',
      )
      expect(await readArchiveKey({ command }, log)).toBe('the settings:')
    } finally {
      for (const name of settings) delete process.env[name]
    }
  })

  const refused: [string, () => Parameters<typeof readArchiveKey>[0], RegExp][] = [
    ['a short key', () => ({ key: 'elevenchars' }), /fewer than 12 characters/],
    ['an empty file', () => written(''), /is empty/],
    ['a file with more lines', () => written(`${KEY}\nmore\n`), /more than one line/],
    ['a file of bytes', () => written(Buffer.from([0xff, 0xfe, 0xc0, 0x80, 1, 2, 3])), /is not UTF-8 text/],
    ['a file that is not there', () => ({ file: join(dir, 'none') }), /cannot be read/],
    ['a directory', () => ({ file: dir }), /is not a regular file/],
    ['a command that is not there', () => ({ command: '/nowhere/x' }), /cannot be run/],
    ['a command without a name', () => ({ command: "''" }), /key command is empty/],
    ['a command that fails', () => ({ command: node('process.exit(3)') }), /failed with exit code 3/],
    ['a command that prints nothing', () => ({ command: node('') }), /is empty/],
    [
      'a command that prints without end',
      () => ({ command: node('for (;;) console.log("x".repeat(9999))') }),
      /is too large/,
    ],
    ['an open quotation', () => ({ command: "pass 'show" }), /unclosed quote/],
  ]
  it.each(refused)('refuses %s in a sentence, with a next step', async (_, source, says) => {
    const failure = await readArchiveKey(source(), log).then(
      () => null,
      (error: unknown) => error,
    )
    if (!(failure instanceof KeyError)) throw failure
    expect(failure.message).toMatch(says)
    expect(failure.hint).not.toBe('')
  })

  // Only root can give files away.
  it.runIf(process.getuid?.() === 0)('refuses the file of another user', async () => {
    write(KEY)
    const { chownSync } = await import('node:fs')
    chownSync(file, 12345, 12345)
    await expect(readArchiveKey({ file }, log)).rejects.toThrow('belongs to another user')
  })
})
