/** `server.log`: the standard error of a server that `stdio` started. Its size is limited while the server runs. */
import { copyFileSync, fstatSync, ftruncateSync, renameSync, statSync } from 'node:fs'

/** A larger log is moved to `.old`. */
export const MAX_LOG_BYTES = 1024 * 1024
const STDERR = 2

/**
 * Returns the function that writes lines of the log, if standard error is this file. Returns null if it is something else,
 * such as a terminal or a journal, which limits itself.
 */
export function rotatingLog(file: string): ((line: string) => void) | null {
  if (!isStderr(file)) return null
  let limit = MAX_LOG_BYTES
  return (line) => {
    process.stderr.write(line)
    const { size } = fstatSync(STDERR)
    if (size <= limit) return
    // If the disk is full, no line is lost. The next attempt follows when the log has grown by the same size.
    limit = makeRoom(file) ? MAX_LOG_BYTES : size + MAX_LOG_BYTES
  }
}

/**
 * Copies and truncates the log. It cannot be renamed, because a process cannot reopen its standard error. Writes to a file
 * are synchronous and append, so no line of this process is lost in between. A line of another process is copied too.
 */
function makeRoom(file: string): boolean {
  const old = `${file}.old`
  try {
    let copied: number
    do {
      // Another program moved the log away: the sizes of two files may never agree.
      if (!isStderr(file)) return false
      copyFileSync(file, `${old}.new`)
      copied = statSync(`${old}.new`).size
    } while (fstatSync(STDERR).size !== copied)
    renameSync(`${old}.new`, old)
    ftruncateSync(STDERR, 0)
    return true
  } catch {
    return false
  }
}

function isStderr(file: string): boolean {
  try {
    const there = statSync(file, { throwIfNoEntry: false })
    if (there === undefined) return false
    const ours = fstatSync(STDERR)
    return there.dev === ours.dev && there.ino === ours.ino
  } catch {
    // The directory belongs to another user: its check says so.
    return false
  }
}
