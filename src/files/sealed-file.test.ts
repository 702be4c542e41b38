import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openSmallDisk } from '../../test/soak/small-disk.ts'
import { seal, sealedName, sealedSize, unseal } from './sealed-file.ts'

const KEY = 'ab'.repeat(32)
const CHUNK = 64 * 1024
let dir: string
let path: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-sealed-'))
  path = join(dir, 'file')
})
afterEach(() => rmSync(dir, { recursive: true }))

async function* inPieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
async function read(size: number, from = 0, to = size, key = KEY): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of unseal(path, key, size, from, to)) pieces.push(piece)
  return Buffer.concat(pieces)
}

it.each([1, 1_000, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 5 * CHUNK + 7])('keeps %i bytes', async (size) => {
  const bytes = randomBytes(size)
  const { sizeBytes, head } = await seal(path, KEY, inPieces(bytes, 10_007), size)
  expect(sizeBytes).toBe(size)
  expect(head).toEqual(bytes.subarray(0, 64))
  expect(statSync(path).size).toBe(sealedSize(size))
  expect((await read(size)).equals(bytes)).toBe(true)
})

it('gives any range', async () => {
  const bytes = randomBytes(3 * CHUNK + 5)
  await seal(path, KEY, inPieces(bytes, CHUNK), bytes.length)
  for (const [from, to] of [
    [0, 1],
    [CHUNK - 1, CHUNK + 1],
    [CHUNK, 2 * CHUNK],
    [bytes.length - 1, bytes.length],
    [5, bytes.length],
  ] as const)
    expect((await read(bytes.length, from, to)).equals(bytes.subarray(from, to))).toBe(true)
})

it('shows nothing of the bytes, and no two files alike', async () => {
  const bytes = Buffer.from('a secret '.repeat(20_000))
  await seal(path, KEY, inPieces(bytes, CHUNK), bytes.length)
  const first = readFileSync(path)
  expect(first.includes('a secret')).toBe(false)
  await seal(path, KEY, inPieces(bytes, CHUNK), bytes.length)
  expect(readFileSync(path).equals(first)).toBe(false)
  expect(sealedName(KEY, 'abc')).not.toBe(sealedName('cd'.repeat(32), 'abc'))
})

it('notices another key, a changed byte, a cut and chunks in another order', async () => {
  const size = 3 * CHUNK
  await seal(path, KEY, inPieces(randomBytes(size), CHUNK), size)
  await expect(read(size, 0, size, 'cd'.repeat(32))).rejects.toThrow()
  const whole = readFileSync(path)
  const changed = Buffer.from(whole)
  changed.writeUInt8(changed.readUInt8(500) ^ 1, 500)
  writeFileSync(path, changed)
  await expect(read(size)).rejects.toThrow()
  const [head, one, two] = [
    whole.subarray(0, 20),
    whole.subarray(20, CHUNK + 36),
    whole.subarray(CHUNK + 36, 2 * CHUNK + 52),
  ]
  writeFileSync(path, Buffer.concat([head, two, one, whole.subarray(2 * CHUNK + 52)]))
  await expect(read(size)).rejects.toThrow()
  writeFileSync(path, whole)
  truncateSync(path, 20 + 2 * (CHUNK + 16))
  await expect(read(size)).rejects.toThrow()
  await expect(read(2 * CHUNK)).rejects.toThrow()
})

it('leaves nothing of a file that is too large or that fails', async () => {
  const bytes = randomBytes(100_000)
  await expect(seal(path, KEY, inPieces(bytes, 1_000), 99_999)).rejects.toMatchObject({
    code: 'media_too_large',
  })
  async function* failing() {
    yield bytes
    throw new Error('gone')
  }
  await expect(seal(path, KEY, failing(), 200_000)).rejects.toThrow('gone')
  expect(readdirSync(dir)).toEqual([])
})

it.skipIf(process.platform === 'win32')('fails if the disk takes only a part of its last chunk', () => {
  const program = join(dir, 'seal.mjs')
  const source = new URL('sealed-file.ts', import.meta.url).pathname
  buildSync({ entryPoints: [source], bundle: true, platform: 'node', format: 'esm', outfile: program })
  const script = `import(process.argv[1]).then(({ seal }) =>
    seal(process.argv[2], '${KEY}', (async function* () { yield Buffer.alloc(${CHUNK + 1_500}) })(), 2 ** 20))
    .then(() => console.log('whole'), (error) => console.log(error.code))`
  // 129 blocks of 512 bytes hold the head, the first chunk and 476 bytes of the last one.
  const words = ['-c', 'ulimit -f 129; exec "$0" "$@"', process.execPath, '-e', script, program, path]
  expect(execFileSync('sh', words, { encoding: 'utf8' })).toBe('EFBIG\n')
  expect(readdirSync(dir)).toEqual(['seal.mjs'])
})

it('says that the disk is full if it has no room for another file', async (context) => {
  const disk = openSmallDisk(1)
  if (typeof disk === 'string') return context.skip(disk)
  try {
    // Its folder has the one inode.
    execFileSync('mount', ['-o', 'remount,nr_inodes=1', disk.path])
    await expect(seal(join(disk.path, 'file'), KEY, inPieces(Buffer.alloc(1), 1), 1)).rejects.toMatchObject({
      code: 'disk_full',
    })
  } finally {
    disk.close()
  }
})
