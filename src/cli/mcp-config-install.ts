/** Writes a client's file atomically, with a backup beside it. */
import {
  chmodSync,
  constants,
  copyFileSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { makeFolder } from '../make-folder.ts'
import { errnoOf } from './errno.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { type Edit, EditError, entryIn, withEntry } from './mcp-config-edit.ts'

/**
 * The result. `backup` is the path of the previous file, `replaced` the previous entry with that name. Each is null if
 * there was none, or if nothing changed.
 */
export type Installed = { file: string; backup: string | null; isChanged: boolean; replaced: unknown }

/** Writes the entry. @throws CommandError if the file cannot be read, parsed or written; it is unchanged then */
export function install(path: string, edit: Edit, now = new Date()): Installed {
  // A symbolic link stays; its target is written.
  const file = resolved(path)
  const before = read(file)
  const after = edited(file, before, edit)
  if (before !== null && after === before.toString('utf8'))
    return { file, backup: null, isChanged: false, replaced: null }
  const backup = before === null ? null : `${file}.bak-${now.toISOString().replace(/[-:.]/g, '')}`
  const fresh = `${file}.${process.pid}.new`
  try {
    makeFolder(dirname(file))
    if (backup !== null) copyFileSync(file, backup, constants.COPYFILE_EXCL)
    writeFileSync(fresh, after, { mode: 0o600 })
    if (before !== null) chmodSync(fresh, statSync(file).mode & 0o777)
    renameSync(fresh, file)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw new CommandError(
      `${file} cannot be written (${errnoOf(error) ?? error}).`,
      'Add the entry by hand. The same command without --install prints it.',
      EXIT.failed,
      { cause: error },
    )
  }
  const replaced = before === null ? null : entryIn(before.toString('utf8'), edit)
  return { file, backup, isChanged: true, replaced }
}

function resolved(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

function read(file: string): Buffer | null {
  try {
    return readFileSync(file)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw new CommandError(
      `${file} cannot be read (${errnoOf(error) ?? error}).`,
      'Make it readable for this user.',
      EXIT.failed,
      { cause: error },
    )
  }
}

function edited(file: string, before: Buffer | null, edit: Edit): string {
  try {
    return withEntry(before === null ? '' : toText(before), edit)
  } catch (error) {
    if (!(error instanceof EditError)) throw error
    throw new CommandError(
      `${file} ${error.message}. Nothing was changed.`,
      'Correct the file, or add the entry by hand. The same command without --install prints it.',
      EXIT.failed,
      { cause: error },
    )
  }
}

/** Decodes UTF-8. Rejects anything else, because writing it back would change it. A byte order mark stays. */
function toText(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new EditError('is not valid UTF-8')
  }
}
