/** Imports an exported archive into an auth directory: whole, or not at all. */
import { createReadStream, existsSync, renameSync } from 'node:fs'
import type { Clock } from '../clock.ts'
import { type Jid, toJid } from '../model/ids.ts'
import type { KeepRules } from '../model/keeping.ts'
import { IMPORTED_AT } from '../store/acquaintance.ts'
import { createImporter, type Importer } from '../store/import.ts'
import { ImportError, readHeaderLine } from '../store/import-header.ts'
import { linesOf } from '../store/import-lines.ts'
import { keyFileOf, syncFolder } from '../store/key-file.ts'
import { COPY, placeKeyFile, removeCopy, removeDatabase } from '../store/leftovers.ts'
import { openStore, type Store } from '../store/store.ts'
import { openArchive, unlock } from '../store/unlock.ts'
import type { AccountDir } from './account-dir.ts'
import { createKeeping } from './keeping.ts'

/** Lines per transaction. */
const BATCH = 500

export type ImportOptions = {
  /** Locked by this process: no server uses it. */
  authDir: AccountDir
  /** The exported file, as JSON Lines, open for reading (read-file.ts: `openRegular`); closed at the end. */
  from: number
  /** The secret that encrypts the archive; null: not encrypted. */
  secret: string | null
  keep: KeepRules
  clock: Clock
  /** Called with the number of messages written so far. */
  onProgress: (messages: number) => void
}

/** The path of the archive, its message count, and the number of messages that the rules left out. */
export type Imported = { file: string; messages: number; left: number }

/** The running import: written to `copy`, beside the archive, which it replaces once it is complete. */
type Work = { file: string; copy: string; account: Jid; store: Store; importer: Importer }

/**
 * Imports the file. A directory in which no account was ever linked gets the account of the file.
 * Rejects with an ImportError, with the AppError of `openArchive`, or with the operating system's error about
 * the file.
 */
export async function importArchive(options: ImportOptions): Promise<Imported> {
  let work: Work | null = null
  let batch: string[] = []

  function write({ store, importer }: Work): void {
    const lines = batch
    batch = []
    store.transaction(() => {
      for (const line of lines) importer.add(line)
    })
    options.onProgress(importer.counts.messages)
  }

  try {
    for await (const line of linesOf(createReadStream('', { fd: options.from }))) {
      if (work === null) work = begin(line, options)
      else if (batch.push(line) >= BATCH) write(work)
    }
    if (work === null) throw new ImportError('not_an_export', 'The file is empty.')
    write(work)
    work.importer.finish()
    work.store.close()
  } catch (error) {
    if (work !== null) discard(work)
    throw error
  }
  const { account, file, copy, importer } = work
  removeDatabase(file)
  renameSync(copy, file)
  // In this order: if the process is killed in between, the sweep of leftovers finds the owner of the key
  // file.
  placeKeyFile(file)
  // The files beside the copy are empty: all data is in the copy itself.
  removeCopy(copy)
  syncFolder(file)
  options.authDir.rememberAccount(account)
  return { file, ...importer.counts }
}

function begin(first: string, { authDir, secret, keep, clock }: ImportOptions): Work {
  const header = readHeaderLine(first)
  const account = toJid(header.account)
  const present = authDir.account()
  if (present !== null && toJid(present) !== account) {
    throw new ImportError(
      'other_account',
      `The file belongs to the account ${account}, and this directory to ${toJid(present)}.`,
    )
  }
  const file = authDir.archiveOf(account)
  requireEmpty(file, secret)
  const copy = `${file}${COPY}`
  removeCopy(copy)
  let store: Store | null = null
  try {
    // A key file of its own, so that an interrupted import requires no key; or that of the archive it
    // replaces.
    const { key } = unlock(existsSync(keyFileOf(file)) ? file : copy, secret)
    store = openStore(copy, { key })
    // The servers that sent what is in the file had other secrets to recognise their messages by.
    store.meta.set(IMPORTED_AT, Math.floor(clock.now() / 1000))
    const { bounds } = createKeeping(store, keep, clock)
    const importer = createImporter(store, header, (chat, message) => bounds(chat).keeps(message, 'import'))
    return { file, copy, account, store, importer }
  } catch (error) {
    discard({ copy, store })
    throw error
  }
}

/** Removes every trace of the import. */
function discard({ copy, store }: { copy: string; store: Store | null }): void {
  store?.db.close()
  removeCopy(copy)
}

function requireEmpty(file: string, secret: string | null): void {
  if (!existsSync(file)) return
  const store = openArchive(file, secret)
  try {
    if (store.messages.count() === 0 && store.chats.all().length === 0) return
  } finally {
    store.close()
  }
  throw new ImportError('archive_not_empty', `An archive exists already: ${file}.`)
}
