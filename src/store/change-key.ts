/** The key of a database of ours set, changed or taken away, while nobody uses it. Cut short, any of them leaves an archive that opens. */
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

/** `key_file`: what opens the new archive is on disk; only then it is made. `done`: nothing of the old one is left. */
export type KeyStep = 'key_file' | RewriteStep | 'done'

export type ChangeOptions = {
  /** What the file holds; left out: an archive. */
  contents?: Contents
  /** Called once each step is done and on disk. */
  onStep?: (step: KeyStep) => void
  /** Of a new key; less is for tests. */
  cost?: Cost
}

/**
 * Encrypt a plain archive. One that is encrypted with this secret already is left as it is: false.
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
 * Encrypt an archive with another secret. One that has it already is left as it is: false.
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
  // Where this fails, both stay: the next opening finds out which one it is.
  rewrite(file, { contents, from: key, to: made.key, onStep })
  writeSlots(file, [made.slot])
  onStep('done')
  return true
}

/**
 * Make an encrypted archive a plain one. A plain one is left as it is: false.
 * @throws AppError as `openArchive` and `rewrite`
 */
export function decryptArchive(
  file: string,
  secret: string,
  { contents = 'archive', onStep = () => {} }: ChangeOptions = {},
): boolean {
  if (readHeader(file).kind === 'plain') {
    // Left from a run that was cut short; one of another archive does not fit.
    if (slotsOrNone(file).some((slot) => openSlot(slot, secret) !== null)) removeSlots(file)
    return false
  }
  const { key } = check(file, secret, contents)
  rewrite(file, { contents, from: key, to: null, onStep })
  removeSlots(file)
  onStep('done')
  return true
}

/** Does it open with this secret? Errors as `openArchive`. */
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
    // Why not is told by the key that it should have.
    return false
  }
}

/**
 * The key file of a plain archive, made anew. One that is there already may be left from a run that was cut short, or
 * belong to an encrypted archive that was moved away: it is used where it fits, else set aside.
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
