/** Writes the body of a response to a file that appears when it is whole, or to standard output. */
import {
  closeSync,
  fsyncSync,
  opendirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { toPath } from '../home.ts'
import { isAlive } from '../is-alive.ts'
import { deleteOnSignal } from './delete-on-signal.ts'
import { CommandError, EXIT } from './exit-codes.ts'

type Saving = {
  /** What is saved, in an error. */
  what: string
  /** Gets every chunk. */
  see?(chunk: Uint8Array): void
  /** Throws if a body that ended in good order is not whole. */
  check?(): void
}

/**
 * Writes the body to this file, or to standard output.
 * @param file as {@link requireTarget} returns it
 * @throws CommandError if the file cannot be written, or the body ends early: then there is no file, or the earlier one
 */
export async function saveBody(
  { body }: Response,
  file: string | null,
  { what, see, check }: Saving,
): Promise<void> {
  const target = file === null ? null : openTarget(file)
  try {
    for await (const chunk of body ?? []) {
      if (target === null) await write(chunk)
      else target.write(chunk)
      see?.(chunk)
    }
    check?.()
    target?.keep()
  } catch (error) {
    target?.drop()
    if (error instanceof CommandError) throw error
    throw new CommandError(
      `The ${what} was interrupted (${error instanceof Error ? error.message : error}).`,
      file === null
        ? 'What was printed is incomplete. Run the command again.'
        : 'No file was written. Run the command again.',
      EXIT.failed,
      { cause: error },
    )
  }
}

/**
 * Returns the path to write: a new file, or an existing regular file that the new one replaces. Links are followed. Null: standard output.
 * Rejects anything else, because the rename would replace it: a device such as /dev/full, for every program.
 * @param out the value of `--out`
 */
export function requireTarget(out: string): string | null {
  if (out === '') return null
  const path = toPath(out)
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats === undefined) {
      // On Node 22 and later, a path below a file counts as missing. Opening its folder fails everywhere.
      opendirSync(dirname(path)).closeSync()
      return path
    }
    if (stats.isFile()) return realpathSync(path)
  } catch (error) {
    throw notWritable(path, error)
  }
  throw new CommandError(
    `${path} is not a regular file.`,
    'Name a new or regular file with --out. Omit --out to write to standard output.',
    EXIT.wrongSetting,
  )
}

function notWritable(file: string, error: unknown): CommandError {
  return new CommandError(
    `${file} cannot be written (${error instanceof Error ? error.message : error}).`,
    'Choose another file with --out, or free disk space.',
    EXIT.failed,
    { cause: error },
  )
}

/**
 * Opens a file that gets its name only when it is complete. Only its owner can read it. The partial file is plain text:
 * a signal deletes it, and the next command deletes the partial file of a killed one.
 */
function openTarget(file: string) {
  const fresh = `${file}.${process.pid}.part`
  const guarded = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw notWritable(file, error)
    }
  }
  const fd = guarded(() => {
    removeAbandoned(file)
    return openSync(fresh, 'wx', 0o600)
  })
  deleteOnSignal(fresh)
  return {
    write: (chunk: Uint8Array) =>
      guarded(() => {
        for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at)
      }),
    keep: () =>
      guarded(() => {
        fsyncSync(fd)
        closeSync(fd)
        renameSync(fresh, file)
      }),
    drop() {
      try {
        closeSync(fd)
      } catch {
        // The file was closed already; the rename failed.
      }
      rmSync(fresh, { force: true })
    },
  }
}

/** Deletes the partial files of killed commands that wrote to this file. Those of running processes stay. */
function removeAbandoned(file: string): void {
  const begin = `${basename(file)}.`
  for (const name of readdirSync(dirname(file))) {
    const pid = Number(/^(\d+)\.part$/.exec(name.startsWith(begin) ? name.slice(begin.length) : '')?.[1])
    if (pid && !isAlive(pid)) rmSync(join(dirname(file), name), { force: true })
  }
}

/** Writes to standard output. Resolves when the chunk is written, so that the reader sets the pace. */
function write(chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(chunk, (error) => (error ? reject(error) : resolve()))
  })
}
