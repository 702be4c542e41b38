/**
 * The key file beside an encrypted archive, `<archive>.key.json`: how the key is derived from the owner's
 * secret, and a check value. It contains no secrets, but the archive cannot be opened without it, even with
 * the owner's secret.
 */
import { createHmac, randomBytes, scrypt, scryptSync, timingSafeEqual } from 'node:crypto'
import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { codeOf } from '../error-code.ts'
import { fail } from '../errors.ts'
import { readText } from '../read-file.ts'

/** SQLite's key: 32 bytes as hexadecimal digits, derived from the owner's secret and a salt. Never logged. */
export type FileKey = string

const VERSION = 1

/**
 * OWASP's second choice for scrypt (Password Storage Cheat Sheet): 64 MiB and about 0.3 s per guess, as
 * strong as the first one at half the memory. The bounds prevent a modified file from using up the memory.
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
  // Two during a change of key: if it is interrupted, the archive has one or the other.
  keys: z.array(Slot).min(1).max(2),
})

/** The path of this archive's key file. */
export function keyFileOf(archive: string): string {
  return `${archive}.key.json`
}

/**
 * The slots that may open this archive; empty if there is no key file.
 * @throws AppError `archive_key_unknown` if it cannot be read or parsed, `archive_newer`
 */
export function readSlots(archive: string): Slot[] {
  const file = keyFileOf(archive)
  let text: string
  try {
    text = readText(file)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    fail('archive_key_unknown', { detail: `The key file ${file} cannot be read.`, cause: error })
  }
  const found = KeyFile.safeParse(parse(text))
  if (found.success) return found.data.keys
  const { data } = z.object({ version: z.int().min(VERSION + 1) }).safeParse(parse(text))
  if (data !== undefined)
    fail('archive_newer', {
      detail: `The key file has version ${data.version}; this program supports up to ${VERSION}.`,
    })
  fail('archive_key_unknown', { detail: `The key file ${file} is damaged.` })
}

/**
 * Writes the key file, whole or not at all; it is on disk on return.
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
    fail(codeOf(error) === 'ENOSPC' ? 'archive_full' : 'archive_unavailable', { cause: error })
  }
}

/** Removes the key file of an archive that is no longer encrypted. */
export function removeSlots(archive: string): void {
  rmSync(keyFileOf(archive), { force: true })
  syncFolder(archive)
}

export type MadeSlot = { slot: Slot; key: FileKey }

/** Returns a new slot for the owner's secret, and its key. Takes about 0.3 s; tests use a lower cost. */
export function createSlot(secret: string, cost: Cost = COST): MadeSlot {
  const slot = blankSlot(cost)
  return fill(slot, derive(slot, secret))
}

/** Like {@link createSlot}, in another thread, so that nothing else waits. */
export async function createSlotAsync(secret: string): Promise<MadeSlot> {
  const slot = blankSlot(COST)
  return fill(slot, await deriveAsync(slot, secret))
}

/** Returns the key if the secret matches the slot, else null. Takes about 0.3 s. */
export function openSlot(slot: Slot, secret: string): FileKey | null {
  return match(slot, derive(slot, secret))
}

/** The same in another thread, so that nothing else waits. */
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

/** 32 bytes as the key, and 32 others as its check value, which reveals nothing about the key. */
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

/** A rename is on disk once its folder is synced. If folders cannot be opened (Windows), it does nothing. */
export function syncFolder(file: string): void {
  let fd: number | null = null
  try {
    fd = openSync(dirname(file), 'r')
    fsyncSync(fd)
  } catch {
    // This file system does not support it.
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
