/**
 * The key file beside an encrypted archive, `<archive>.key.json`: how the key is made from what its owner knows, and
 * whether that is right. Nothing in it is secret; without it nobody opens the archive, its owner neither.
 */
import { createHmac, randomBytes, scrypt, scryptSync, timingSafeEqual } from 'node:crypto'
import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { fail } from '../errors.ts'
import { readText } from '../read-file.ts'

/** What SQLite encrypts with: 32 bytes in hexadecimal digits, made from the owner's key and a salt. Never logged. */
export type FileKey = string

const VERSION = 1

/**
 * OWASP's second choice for scrypt (Password Storage Cheat Sheet): 64 MiB and about 0.3 s a guess, as strong as its
 * first one at half the memory. The bounds keep a file that somebody changed from taking all memory.
 */
export const COST = { n: 65_536, r: 8, p: 2 }
export type Cost = typeof COST
const MAX_MEMORY = 512 * 1024 * 1024

/** One key that may open the archive. */
const Slot = z.object({
  kdf: z.literal('scrypt'),
  n: z.int().min(1024).max(1_048_576),
  r: z.int().min(1).max(32),
  p: z.int().min(1).max(16),
  salt: z.base64().min(24),
  check: z.base64(),
})
export type Slot = z.infer<typeof Slot>

const KeyFile = z.object({
  version: z.literal(VERSION),
  cipher: z.literal('aes256cbc'),
  // Two while the key is being changed: whenever that is cut short, the archive has the one or the other.
  keys: z.array(Slot).min(1).max(2),
})

/** Where the key file of this archive lies. */
export function keyFileOf(archive: string): string {
  return `${archive}.key.json`
}

/**
 * The keys that may open this archive; empty where there is no key file.
 * @throws AppError `archive_key_unknown` where it cannot be read or understood, `archive_newer`
 */
export function readSlots(archive: string): Slot[] {
  const file = keyFileOf(archive)
  let text: string
  try {
    text = readText(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    fail('archive_key_unknown', { detail: `The key file ${file} cannot be read.`, cause: error })
  }
  const found = KeyFile.safeParse(parse(text))
  if (found.success) return found.data.keys
  const { data } = z.object({ version: z.int().min(VERSION + 1) }).safeParse(parse(text))
  if (data !== undefined)
    fail('archive_newer', {
      detail: `The key file has version ${data.version}; this program knows ${VERSION}.`,
    })
  fail('archive_key_unknown', { detail: `The key file ${file} is damaged.` })
}

/**
 * Whole or not at all, on disk when it returns.
 * @throws AppError `archive_full`, `archive_unavailable`
 */
export function writeSlots(archive: string, keys: Slot[]): void {
  const file = keyFileOf(archive)
  const fresh = `${file}.new`
  const content = { version: VERSION, cipher: 'aes256cbc', keys } satisfies z.infer<typeof KeyFile>
  try {
    const fd = openSync(fresh, 'w', 0o600)
    try {
      writeSync(fd, `${JSON.stringify(content, null, 2)}\n`)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    chmodSync(fresh, 0o600)
    renameSync(fresh, file)
    syncFolder(file)
  } catch (error) {
    const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
    fail(isFull ? 'archive_full' : 'archive_unavailable', { cause: error })
  }
}

/** There is no encrypted archive any more. */
export function removeSlots(archive: string): void {
  rmSync(keyFileOf(archive), { force: true })
  syncFolder(archive)
}

export type MadeSlot = { slot: Slot; key: FileKey }

/** A new slot for what the owner knows, and the key that it stands for. Takes about 0.3 s; a cheaper one is for tests. */
export function createSlot(secret: string, cost: Cost = COST): MadeSlot {
  const slot = blankSlot(cost)
  return fill(slot, derive(slot, secret))
}

/** The same in another thread, so that nothing waits for it. */
export async function createSlotAsync(secret: string): Promise<MadeSlot> {
  const slot = blankSlot(COST)
  return fill(slot, await deriveAsync(slot, secret))
}

/** The key, where what the owner knows is what the slot was made for; null where it is not. Takes about 0.3 s. */
export function openSlot(slot: Slot, secret: string): FileKey | null {
  return match(slot, derive(slot, secret))
}

/** The same in another thread, so that nothing waits for it. */
export async function openSlotAsync(slot: Slot, secret: string): Promise<FileKey | null> {
  return match(slot, await deriveAsync(slot, secret))
}

function blankSlot(cost: Cost): Slot {
  return { kdf: 'scrypt', ...cost, salt: randomBytes(16).toString('base64'), check: '' }
}

function fill(slot: Slot, { key, check }: Derived): MadeSlot {
  return { slot: { ...slot, check: check.toString('base64') }, key }
}

function match(slot: Slot, { key, check }: Derived): FileKey | null {
  const expected = Buffer.from(slot.check, 'base64')
  return expected.length === check.length && timingSafeEqual(expected, check) ? key : null
}

/** 32 bytes to encrypt with, and 32 others to know them by: who sees the check learns nothing of the key. */
type Derived = { key: FileKey; check: Buffer }

const BYTES = 64

function derive(slot: Slot, secret: string): Derived {
  const { password, salt, options } = derivation(slot, secret)
  return split(scryptSync(password, salt, BYTES, options))
}

function deriveAsync(slot: Slot, secret: string): Promise<Derived> {
  const { password, salt, options } = derivation(slot, secret)
  return new Promise((resolve, reject) =>
    scrypt(password, salt, BYTES, options, (error, made) =>
      error === null ? resolve(split(made)) : reject(error),
    ),
  )
}

function derivation({ n, r, p, salt }: Slot, secret: string) {
  return {
    password: Buffer.from(secret, 'utf8'),
    salt: Buffer.from(salt, 'base64'),
    options: { N: n, r, p, maxmem: MAX_MEMORY },
  }
}

function split(made: Buffer): Derived {
  const check = createHmac('sha256', made.subarray(32)).update('whatsapp-mcp-api archive key').digest()
  return { key: made.subarray(0, 32).toString('hex'), check }
}

/** A rename is on disk once the folder is. Where folders cannot be opened (Windows) there is nothing to do. */
export function syncFolder(file: string): void {
  let fd: number | null = null
  try {
    fd = openSync(dirname(file), 'r')
    fsyncSync(fd)
  } catch {
    // Its file system does without.
  } finally {
    if (fd !== null) closeSync(fd)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
