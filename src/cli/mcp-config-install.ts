/** Writes a client's file as a whole or not at all, with what it was beside it. */
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
 * What was done. `backup` is the file as it was; null where there was none, or nothing was changed. `replaced` is the entry of
 * that name as it was; null where there was none, or nothing was changed.
 */
export type Installed = { file: string; backup: string | null; isChanged: boolean; replaced: unknown }

/** @throws CommandError where the file cannot be read, understood or written; then it is as it was */
export function install(path: string, edit: Edit, now = new Date()): Installed {
  // Whoever keeps such files elsewhere, and links to them, keeps them there.
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
      'Write the entry by hand: the same command without --install prints it.',
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
      `${file} ${error.message}; nothing was changed.`,
      'Correct it, or write the entry by hand: the same command without --install prints it.',
      EXIT.failed,
      { cause: error },
    )
  }
}

/** Anything that is not UTF-8 would be written back as something else. A byte order mark stays. */
function toText(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new EditError('is not valid UTF-8')
  }
}
