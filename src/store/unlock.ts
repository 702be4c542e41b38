/** Opens an archive with the owner's secret; each possible error has its own code. */
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
import { unlessFull } from './open-file.ts'
import { openStore, type Store, type StoreOptions } from './store.ts'

/** The result of unlocking. */
export type Unlocked = {
  /** Null for a plain archive. */
  key: FileKey | null
  slot: Slot | null
  /** The number of keys in the key file; two after an interrupted change of key. */
  slots: number
}

/**
 * Opens the archive in this file, creating it if missing; with a secret it is encrypted from its first byte.
 * Takes about 0.3 s with a secret.
 * @param secret the key that the owner set; null: none
 * @throws AppError as {@link unlock} and `openStore`
 */
export function openArchive(
  file: string,
  secret: string | null,
  options: Pick<StoreOptions, 'checksLater'> = {},
): Store {
  const unlocked = unlock(file, secret)
  const { kind } = readHeader(file)
  let store: Store
  try {
    store = openStore(file, { ...options, key: unlocked.key })
  } catch (error) {
    throw kind === 'encrypted' ? explain(error, unlocked) : error
  }
  try {
    unlessFull(() => settle(file, unlocked))
  } catch (error) {
    store.db.close()
    throw error
  }
  return store
}

/**
 * Returns the key of the archive in this file. For an archive to be created with a key, creates the key file
 * first.
 * @throws AppError `archive_key_missing`, `archive_key_wrong`, `archive_key_unknown`,
 * `archive_not_encrypted`, `archive_foreign`, `archive_newer`, `archive_full`, `archive_unavailable`
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

/** The same, with the key derived in another thread. Rejects as {@link unlock}. */
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

/**
 * Checks that file, key file and secret match; without slots the key is still to be created. Null: a plain
 * archive.
 */
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
    // A plain archive created now would replace the encrypted one, and the way to open it.
    fail('archive_key_missing', {
      detail: 'The archive file is missing, but its key file exists: a new archive would not be encrypted.',
      hint: `Set the key again, or move ${keyFileOf(file)} away to start a plain archive; then start the server again.`,
    })
  }
  if (secret === null) fail('archive_key_missing')
  return { slots, secret }
}

/** Removes the key that did not open the archive from its key file. */
export function settle(file: string, { slot, slots }: Unlocked): void {
  if (slot !== null && slots > 1) writeSlots(file, [slot])
}

/** Explains the error of an archive that does not open although the key matches its key file. */
export function explain(error: unknown, { slots }: Unlocked): unknown {
  if (!(error instanceof AppError) || error.code !== 'archive_foreign') return error
  if (slots > 1)
    return new AppError('archive_key_wrong', {
      detail: 'A change of key was interrupted, and this key is not the one that the archive has.',
      hint: 'Set the other one of the two keys, then start the server again.',
      cause: error,
    })
  return new AppError('archive_foreign', {
    detail:
      'The key matches the key file beside the archive, but not the archive: one of the two files was replaced.',
    hint: 'Stop the server. Restore the key file that was beside this archive when it was copied, or move both files away. Then start the server.',
    cause: error,
  })
}
