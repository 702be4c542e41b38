/** The file of a backup: folders as tar, compressed, and encrypted with a key. A file that was changed is not read. */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto'
import fs, { closeSync, createReadStream, createWriteStream, openSync, readSync, statSync } from 'node:fs'
import { relative, sep } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { extract, pack } from 'tar-fs'

/** A file begins with the name and version of the format, a salt for the key, and the initialization vector of the cipher. */
const MAGIC = Buffer.from('whatsapp-mcp-api backup 1\n')
const SALT_BYTES = 16
const IV_BYTES = 12
const HEAD_BYTES = MAGIC.length + SALT_BYTES + IV_BYTES
const TAG_BYTES = 16

/** Why a backup is not read, or not written. The cause of `unreadable` is the error of the entry that cannot be read. */
export class BackupError extends Error {
  readonly code: 'not_a_backup' | 'wrong_key_or_damaged' | 'unreadable'
  constructor(code: BackupError['code'], options?: ErrorOptions) {
    super(code, options)
    this.code = code
  }
}

/** A key of a person may be short: each try costs 128 MiB and a third of a second. */
function secretOf(key: string, salt: Buffer): Buffer {
  return scryptSync(key, salt, 32, { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 })
}

/**
 * At the first entry that does not exist, such as a link without a target, tar-fs (3.1.3) ends without an error and leaves out all
 * deeper entries. With these functions it fails.
 */
const strictFs = {
  ...fs,
  stat: (path: string, done: (error: Error | null, stats?: fs.Stats) => void) =>
    fs.stat(path, (cause, stats) =>
      cause === null ? done(null, stats) : done(new BackupError('unreadable', { cause })),
    ),
}

/**
 * Writes these entries of a folder to a new file, without the paths for which `isLeftOut` returns true. A path is relative to the folder
 * and has slashes. Rejects with {@link BackupError} `unreadable` if an entry does not exist, and with errors of the disk.
 */
export async function writeBackup(
  file: string,
  key: string,
  { folder, entries, isLeftOut }: { folder: string; entries: string[]; isLeftOut(path: string): boolean },
): Promise<void> {
  const [salt, iv] = [randomBytes(SALT_BYTES), randomBytes(IV_BYTES)]
  const head = Buffer.concat([MAGIC, salt, iv])
  const cipher = createCipheriv('aes-256-gcm', secretOf(key, salt), iv).setAAD(head)
  const target = createWriteStream(file, { mode: 0o600, flags: 'wx' })
  target.write(head)
  const options = {
    entries,
    // A profile may lie on another disk.
    dereference: true,
    ignore: (path: string) => isLeftOut(relative(folder, path).replaceAll(sep, '/')),
    fs: strictFs,
  }
  await pipeline(pack(folder, options), createGzip(), cipher, target, { end: false })
  await new Promise<void>((resolve, reject) => {
    target.once('error', reject)
    target.end(cipher.getAuthTag(), resolve)
  })
}

/**
 * Writes the entries of a backup into a folder. The whole file is checked before the first of them. Rejects with
 * {@link BackupError}, and with errors of the disk.
 */
export async function readBackup(file: string, key: string, folder: string): Promise<void> {
  const decrypt = opener(file, key)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  try {
    await pipeline(...decrypt(), nowhere)
  } catch (cause) {
    throw new BackupError('wrong_key_or_damaged', { cause })
  }
  // Each file gets its mode from the backup, and belongs to the user who restores it.
  const owner = { uid: process.getuid?.(), gid: process.getgid?.() }
  const map = <Header extends object>(header: Header) => ({ ...header, ...owner })
  await pipeline(...decrypt(), createGunzip(), extract(folder, { map: map as never }))
}

/** Returns a function that opens the encrypted bytes and their decryption, as the start of a pipeline. @throws BackupError `not_a_backup` */
function opener(file: string, key: string) {
  const { size } = statSync(file)
  const head = bytesAt(file, 0, HEAD_BYTES)
  const end = size - TAG_BYTES
  if (!head.subarray(0, MAGIC.length).equals(MAGIC) || end < HEAD_BYTES) throw new BackupError('not_a_backup')
  const tag = bytesAt(file, end, TAG_BYTES)
  const secret = secretOf(key, head.subarray(MAGIC.length, MAGIC.length + SALT_BYTES))
  const iv = head.subarray(-IV_BYTES)
  return () =>
    [
      createReadStream(file, { start: HEAD_BYTES, end: end - 1 }),
      createDecipheriv('aes-256-gcm', secret, iv).setAAD(head).setAuthTag(tag),
    ] as const
}

function bytesAt(file: string, position: number, length: number): Buffer {
  const fd = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(length)
    readSync(fd, bytes, 0, length, position)
    return bytes
  } finally {
    closeSync(fd)
  }
}
