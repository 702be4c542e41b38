/**
 * The folder of the stored media of one account: sealed files, named by the hash of their bytes. Their key lies in the archive, so
 * they are as readable as the archive is.
 */
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sniffType } from '../files/media-type.ts'
import { isSealedWith, seal, sealedName, sealedSize, shred, unseal } from '../files/sealed-file.ts'
import type { Log } from '../log.ts'
import { makeFolder } from '../make-folder.ts'
import type { MediaFile } from '../store/media-files.ts'
import type { Store } from '../store/store.ts'

/** The names of a file while it is written. */
const DRAFT = /^[0-9a-f]{32}(\.[0-9a-f]{12}\.part)?$/
const KEY = 'media_key'

export type MediaFolder = {
  /**
   * Writes a file, which the archive does not know yet. Rejects with `media_too_large` beyond `maxBytes`, `disk_full`, and as the
   * bytes do.
   */
  write(bytes: AsyncIterable<Uint8Array>, maxBytes: number): Promise<MediaFile>
  /** Deletes a file that was written, unless the archive knows it. */
  drop(filehash: string): Promise<void>
  /** The file with these bytes, if it is here and whole as far as its size says. */
  find(filehash: string | null | undefined): Promise<MediaFile | null>
  /** Reads the bytes from `from` up to `to`, exclusive. */
  read(file: MediaFile, from: number, to: number): AsyncIterable<Uint8Array>
  /** Resolves when the files that no message refers to are deleted from the disk. Never fails. */
  clean(): Promise<void>
}

/** @param dir created when the first file comes */
export function openMediaFolder(
  { mediaFiles: files, meta, transaction }: Pick<Store, 'mediaFiles' | 'meta' | 'transaction'>,
  dir: string,
  log: Pick<Log, 'warn'>,
): MediaFolder {
  const key = keyIn(meta)
  const pathOf = (filehash: string) => join(dir, sealedName(key, filehash))
  let cleaning: Promise<void> = removeStrangers()

  /**
   * Removes files that an interrupted download left, and files that the archive does not know since an older copy replaced it. Those
   * of another key stay: they belong to an archive that was moved away, and may come back.
   */
  async function removeStrangers(): Promise<void> {
    const known = new Set(files.hashes().map((filehash) => sealedName(key, filehash)))
    for (const name of namesIn(dir)) {
      const path = join(dir, name)
      if (known.has(name) || !(DRAFT.test(name) || (await isSealedWith(key, path)))) continue
      await shred(path).catch(() => {})
    }
  }

  async function removeLeaving(): Promise<void> {
    for (const filehash of files.leaving()) {
      await shred(pathOf(filehash))
      // It may have come back meanwhile.
      if (files.get(filehash) === undefined) transaction(() => files.left(filehash))
    }
  }

  return {
    async write(bytes, maxBytes) {
      makeFolder(dir, 0o700)
      const draft = join(dir, randomBytes(16).toString('hex'))
      try {
        const { sizeBytes, sha256, head } = await seal(draft, key, bytes, maxBytes)
        const filehash = Buffer.from(sha256, 'hex').toString('base64')
        await rename(draft, pathOf(filehash))
        return { filehash, size_bytes: sizeBytes, type: sniffType(head) }
      } finally {
        await rm(draft, { force: true })
      }
    },
    async drop(filehash) {
      if (files.get(filehash) === undefined) await shred(pathOf(filehash))
    },
    async find(filehash) {
      const file = filehash ? files.get(filehash) : undefined
      if (file === undefined) return null
      const found = await stat(pathOf(file.filehash)).catch(() => null)
      if (found?.size === sealedSize(file.size_bytes)) return file
      transaction(() => files.remove(file.filehash))
      return null
    },
    read: ({ filehash, size_bytes }, from, to) => unseal(pathOf(filehash), key, size_bytes, from, to),
    clean() {
      cleaning = cleaning
        .then(removeLeaving)
        .catch((error) =>
          log.warn({ err: error }, 'media that left the archive cannot be deleted; it is tried again'),
        )
      return cleaning
    },
  }
}

/** The archive may be encrypted itself; changes of that key leave this one alone. */
function keyIn(meta: Store['meta']): string {
  const known = meta.get(KEY)
  if (typeof known === 'string') return known
  const made = randomBytes(32).toString('hex')
  meta.set(KEY, made)
  return made
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}
