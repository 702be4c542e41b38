/** An archive opened with what its owner knows; each way in which that fails has a name of its own. */
import { AppError, fail } from '../errors.ts'
import { readHeader } from './header.ts'
import {
  createSlot,
  createSlotAsync,
  type FileKey,
  keyFileOf,
  type MadeSlot,
  openSlot,
  openSlotAsync,
  readSlots,
  type Slot,
  writeSlots,
} from './key-file.ts'
import { openStore, type Store } from './store.ts'

/** What opens an archive. */
export type Unlocked = {
  /** Null: it is a plain one. */
  key: FileKey | null
  slot: Slot | null
  /** How many keys the key file names; two where a change of key was cut short. */
  slots: number
}

/**
 * Open the archive in this file, made where there is none: encrypted from its first byte where there is a secret.
 * Takes about 0.3 s with one.
 * @param secret what its owner set as key; null: nothing
 * @throws AppError as {@link unlock} and `openStore`
 */
export function openArchive(file: string, secret: string | null): Store {
  const unlocked = unlock(file, secret)
  const { kind } = readHeader(file)
  let store: Store
  try {
    store = openStore(file, unlocked)
  } catch (error) {
    throw kind === 'encrypted' ? explain(error, unlocked) : error
  }
  settle(file, unlocked)
  return store
}

/**
 * The key of the archive in this file. For one that is still to be made with a key, the key file is made first.
 * @throws AppError `archive_key_missing`, `archive_key_wrong`, `archive_key_unknown`, `archive_not_encrypted`,
 * `archive_foreign`, `archive_newer`, `archive_full`, `archive_unavailable`
 */
export function unlock(file: string, secret: string | null): Unlocked {
  const lock = lockOf(file, secret)
  if (lock === null) return PLAIN
  if (lock.slots.length === 0) return keep(file, createSlot(lock.secret))
  for (const slot of lock.slots) {
    const key = openSlot(slot, lock.secret)
    if (key !== null) return { key, slot, slots: lock.slots.length }
  }
  return fail('archive_key_wrong')
}

/** The same, with the key made in another thread. Rejects as {@link unlock}. */
export async function unlockAsync(file: string, secret: string | null): Promise<Unlocked> {
  const lock = lockOf(file, secret)
  if (lock === null) return PLAIN
  if (lock.slots.length === 0) return keep(file, await createSlotAsync(lock.secret))
  for (const slot of lock.slots) {
    const key = await openSlotAsync(slot, lock.secret)
    if (key !== null) return { key, slot, slots: lock.slots.length }
  }
  return fail('archive_key_wrong')
}

const PLAIN: Unlocked = { key: null, slot: null, slots: 0 }

function keep(file: string, made: MadeSlot): Unlocked {
  writeSlots(file, [made.slot])
  return { ...made, slots: 1 }
}

/** What has to fit what; without slots the key is still to be made. Null: the file is, or is to be, a plain one. */
function lockOf(file: string, secret: string | null): { slots: Slot[]; secret: string } | null {
  const { kind } = readHeader(file)
  if (kind === 'other') fail('archive_foreign')
  if (kind === 'plain') {
    if (secret !== null) fail('archive_not_encrypted')
    return null
  }
  const slots = readSlots(file)
  if (slots.length === 0) {
    if (kind === 'encrypted') fail('archive_key_unknown')
    return secret === null ? null : { slots, secret }
  }
  if (secret === null && kind === 'none') {
    // Made plain now, it would take the place of the encrypted one, and of what opens that.
    fail('archive_key_missing', {
      detail: 'The archive file is gone, but its key file is here: what is kept anew would not be encrypted.',
      hint: `Set the key again, or move ${keyFileOf(file)} away to begin a plain archive; then start the server again.`,
    })
  }
  if (secret === null) fail('archive_key_missing')
  return { slots, secret }
}

/** The key that did not open it is none of its keys any more. */
export function settle(file: string, { slot, slots }: Unlocked): void {
  if (slot !== null && slots > 1) writeSlots(file, [slot])
}

/** The key is right, by its key file; and yet the archive does not open with it. */
export function explain(error: unknown, { slots }: Unlocked): unknown {
  if (!(error instanceof AppError) || error.code !== 'archive_foreign') return error
  if (slots > 1)
    return new AppError('archive_key_wrong', {
      detail: 'A change of key was cut short, and this key is the one that the archive does not have.',
      hint: 'Set the other one of the two keys, and start the server again.',
      cause: error,
    })
  return new AppError('archive_foreign', {
    detail:
      'The key fits the key file beside the archive, but not the archive: one of the two is not its own.',
    hint: 'Stop the server. Put the key file back that was beside this archive when it was copied, or move both away; then start again.',
    cause: error,
  })
}
