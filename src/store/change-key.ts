/**
 * Sets, changes or removes the key of a database while no process uses it. An interrupted run leaves an
 * archive that opens.
 */
import { existsSync, renameSync } from 'node:fs'
import { fail } from '../errors.ts'
import { type Contents, readHeader } from './header.ts'
import {
  COST,
  type Cost,
  createSlot,
  type FileKey,
  keyFileOf,
  openSlot,
  readSlots,
  removeSlots,
  type Slot,
  writeSlots,
} from './key-file.ts'
import { closeFile, openFile } from './open-file.ts'
import { type RewriteStep, rewrite } from './rewrite.ts'
import { explain, settle, type Unlocked, unlock } from './unlock.ts'

/**
 * `key_file`: the key file of the new archive is on disk; the archive follows. `done`: the old archive is
 * removed.
 */
export type KeyStep = 'key_file' | RewriteStep | 'done'

export type ChangeOptions = {
  /** The kind of database; defaults to an archive. */
  contents?: Contents
  /** Called once each step is done and on disk. */
  onStep?: (step: KeyStep) => void
  /** Cost of a new key; tests use a lower one. */
  cost?: Cost
}

/**
 * Encrypts a plain archive. Returns false, and changes nothing, if it is encrypted with this secret already.
 * @throws AppError as `openArchive` and `rewrite`
 */
export function encryptArchive(
  file: string,
  secret: string,
  { contents = 'archive', onStep = () => {}, cost = COST }: ChangeOptions = {},
): boolean {
  if (readHeader(file).kind !== 'plain') {
    check(file, secret, contents)
    return false
  }
  const { slot, key } = newSlot(file, secret, cost)
  onStep('key_file')
  rewrite(file, { contents, from: null, to: key, onStep })
  writeSlots(file, [slot])
  onStep('done')
  return true
}

/**
 * Encrypts an archive with another secret. Returns false, and changes nothing, if it has that secret already.
 * @throws AppError as `openArchive` and `rewrite`
 */
export function changeArchiveKey(
  file: string,
  {
    contents = 'archive',
    from,
    to,
    onStep = () => {},
    cost = COST,
  }: ChangeOptions & { from: string; to: string },
): boolean {
  if (opensWith(file, to, contents)) return false
  const { key, slot } = check(file, from, contents)
  if (slot === null) fail('archive_not_encrypted')
  const made = createSlot(to, cost)
  writeSlots(file, [slot, made.slot])
  onStep('key_file')
  // If this fails, both keys stay: the next opening finds the right one.
  rewrite(file, { contents, from: key, to: made.key, onStep })
  writeSlots(file, [made.slot])
  onStep('done')
  return true
}

/**
 * Decrypts an archive. Returns false, and changes nothing, if it is not encrypted.
 * @throws AppError as `openArchive` and `rewrite`
 */
export function decryptArchive(
  file: string,
  secret: string,
  { contents = 'archive', onStep = () => {} }: ChangeOptions = {},
): boolean {
  if (readHeader(file).kind === 'plain') {
    // Left by an interrupted run; a key file of another archive does not match.
    if (slotsOrNone(file).some((slot) => openSlot(slot, secret) !== null)) removeSlots(file)
    return false
  }
  const { key } = check(file, secret, contents)
  rewrite(file, { contents, from: key, to: null, onStep })
  removeSlots(file)
  onStep('done')
  return true
}

/** Opens the archive with this secret, closes it again, and returns the key. Errors as `openArchive`. */
function check(file: string, secret: string, contents: Contents): Unlocked {
  const unlocked = unlock(file, secret)
  try {
    closeFile(openFile(file, unlocked.key, contents), file)
  } catch (error) {
    throw explain(error, unlocked)
  }
  settle(file, unlocked)
  return unlocked
}

function opensWith(file: string, secret: string, contents: Contents): boolean {
  try {
    check(file, secret, contents)
    return true
  } catch {
    // If the file itself is the cause, opening it with its present key throws the same error.
    return false
  }
}

/**
 * Creates the key file of a plain archive. An existing one may come from an interrupted run, or belong to an
 * encrypted archive that was moved away: it is used if it matches, else renamed.
 */
function newSlot(file: string, secret: string, cost: Cost): { slot: Slot; key: FileKey } {
  const keyFile = keyFileOf(file)
  if (existsSync(keyFile)) {
    for (const slot of slotsOrNone(file)) {
      const key = openSlot(slot, secret)
      if (key !== null) return { slot, key }
    }
    renameSync(keyFile, `${keyFile}.old`)
  }
  const made = createSlot(secret, cost)
  writeSlots(file, [made.slot])
  return made
}

function slotsOrNone(file: string): Slot[] {
  try {
    return readSlots(file)
  } catch {
    return []
  }
}
