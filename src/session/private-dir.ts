/** Directories that only their owner can open, and the error of those that cannot be used. */
import { chmodSync, renameSync, statSync, writeFileSync } from 'node:fs'
import type { Log } from '../log.ts'
import { makeFolder } from '../make-folder.ts'
import { sweepLeftovers } from '../store/leftovers.ts'

/** The server cannot use this directory. `message`: what is wrong, one sentence. `hint`: the next step. */
export class AuthDirError extends Error {
  readonly hint: string
  constructor(message: string, hint: string) {
    super(message)
    this.name = 'AuthDirError'
    this.hint = hint
  }
}

/**
 * Creates the directory if missing and restricts it to its owner. A directory that holds other things too
 * (such as /tmp) keeps its mode, with a warning; our own folders in it are restricted.
 */
export function makePrivate(dir: string, log: Log, isOurs: (dir: string) => boolean = () => true): void {
  try {
    makeFolder(dir, 0o700)
    const { mode, uid } = statSync(dir)
    if (process.getuid === undefined) return
    if ((mode & 0o077) === 0 && uid === process.getuid()) return
    const isForeign = uid !== process.getuid()
    if (!holdsOurs(dir, isForeign, isOurs))
      return log.warn({ dir }, 'the directory is open to other users and holds more than the session')
    if (isForeign) {
      throw new AuthDirError(
        `The directory ${dir} belongs to another user.`,
        `Start the server as its owner, or choose another directory in WHATSAPP_AUTH_DIR. If it is the volume of a container, give it to the user of the container: chown -R ${process.getuid()} on the directory of the volume.`,
      )
    }
    chmodSync(dir, 0o700)
    log.warn({ dir }, 'the directory was open to other users; it is now restricted to its owner')
  } catch (error) {
    if (error instanceof AuthDirError) throw error
    throw new AuthDirError(
      `The directory ${dir} cannot be used: ${error instanceof Error ? error.message : error}.`,
      'Make it writable for the user that runs the server, or choose another one in WHATSAPP_AUTH_DIR.',
    )
  }
}

/** A foreign directory that cannot be looked into counts as ours: it is refused for its owner. */
function holdsOurs(dir: string, isForeign: boolean, isOurs: (dir: string) => boolean): boolean {
  try {
    return isOurs(dir)
  } catch (error) {
    if (isForeign) return true
    throw error
  }
}

/**
 * Repairs or removes what interrupted commands left beside the databases of this directory.
 * @throws AuthDirError if that fails
 */
export function sweep(dir: string, log: Log): void {
  try {
    const stuck = sweepLeftovers(dir)
    if (stuck.length > 0)
      log.warn(
        { files: stuck.length },
        'leftovers of an interrupted command could not be removed; the next start tries again',
      )
  } catch (cause) {
    throw new AuthDirError(
      `Leftovers of an interrupted command in ${dir} cannot be repaired: ${cause instanceof Error ? cause.message : cause}.`,
      'Make the directory writable for the user that runs the server, and close other programs that use its files.',
    )
  }
}

/** Writes the file as a whole, or not at all. @throws the error of the operating system */
export function writeAtomically(file: string, text: string): void {
  const fresh = `${file}.${process.pid}.new`
  writeFileSync(fresh, text, { mode: 0o600 })
  renameSync(fresh, file)
}
