/** Notices that something else moved, replaced or changed the file of an open database. */
import { statSync } from 'node:fs'
import { readHeader } from './header.ts'
import { identity } from './open-file.ts'
import type { Connection } from './sqlite.ts'

/**
 * `moved`: another file, or none, has this name now. `damaged`: its beginning was overwritten or cut off. `changed`: another
 * program wrote into it or truncated it. Null: neither is so.
 */
export type FileProblem = 'moved' | 'damaged' | 'changed' | null

/**
 * Returns a function that looks at the open database's file. It takes microseconds: SQLite reads damaged pages only when it needs
 * them, which can be weeks later. SQLite itself changes the file only while this connection writes, so any other change of
 * size or time is foreign. A foreign change between two looks with a write between them is noticed only if the header is
 * damaged. `changed` is permanent: only opening the file checks it.
 */
export function watchFile(db: Connection, file: string): () => FileProblem {
  const opened = identity(file)
  const stamp = () => {
    const { size, mtimeMs } = statSync(file)
    return `${size} ${mtimeMs}`
  }
  const { kind } = readHeader(file)
  let last = { stamp: stamp(), writes: db.writes() }
  let isChanged = false

  return () => {
    try {
      if (identity(file) !== opened) return 'moved'
      const now = { stamp: stamp(), writes: db.writes() }
      isChanged ||= now.stamp !== last.stamp && now.writes === last.writes
      last = now
      if (readHeader(file).kind !== kind) return 'damaged'
      return isChanged ? 'changed' : null
    } catch {
      return 'moved'
    }
  }
}
