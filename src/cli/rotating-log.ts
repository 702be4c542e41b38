/** `server.log`: the standard error of a server that `stdio` started, bounded while it runs. */
import { copyFileSync, fstatSync, ftruncateSync, renameSync, statSync } from 'node:fs'

/** A log that is larger makes room; the one before is kept. */
export const MAX_LOG_BYTES = 1024 * 1024
const STDERR = 2

/**
 * How the lines of the log are to be written where standard error is this file; null where it is something else, such as
 * a terminal or a journal, which bounds itself.
 */
export function rotatingLog(file: string): ((line: string) => void) | null {
  if (!isStderr(file)) return null
  let limit = MAX_LOG_BYTES
  return (line) => {
    process.stderr.write(line)
    const { size } = fstatSync(STDERR)
    if (size <= limit) return
    // Where the disk refuses, nothing is lost, and it is tried again once the log has grown as much again.
    limit = makeRoom(file) ? MAX_LOG_BYTES : size + MAX_LOG_BYTES
  }
}

/**
 * Copied and emptied, not renamed: a process cannot open its standard error anew. Writing to a file is synchronous and at
 * its end, so that no line of this process comes in between; one of another process is copied too.
 */
function makeRoom(file: string): boolean {
  const old = `${file}.old`
  try {
    let copied: number
    do {
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
  const there = statSync(file, { throwIfNoEntry: false })
  if (there === undefined) return false
  const ours = fstatSync(STDERR)
  return there.dev === ours.dev && there.ino === ours.ino
}
