/** Notices that something else moved, replaced or changed the file of an open database. */
import { statSync } from 'node:fs'
import { readHeader } from './header.ts'
import type { Connection } from './sqlite.ts'

/**
 * `moved`: another file, or none, has this name now. `damaged`: its beginning was overwritten or cut off. `changed`: another
 * program wrote into it or truncated it. Null: none of these.
 */
export type FileProblem = 'moved' | 'damaged' | 'changed' | null

/**
 * Returns a function that looks at the open database's file. It takes microseconds: SQLite reads damaged pages only when it needs
 * them, which can be weeks later. SQLite itself changes the file only while this connection writes, so any other change of
 * size or time is foreign. A foreign change between two looks with a write between them is noticed only if the header is
 * damaged. `changed` is permanent: only opening the file checks it.
 */
export function watchFile(db: Connection, file: string): () => FileProblem {
  const look = () => {
    const { dev, ino, size, mtimeMs } = statSync(file)
    return { id: `${dev}:${ino}`, stamp: `${size} ${mtimeMs}`, writes: db.writes() }
  }
  const { kind } = readHeader(file)
  const opened = look()
  let last = opened
  let isChanged = false
  let isDamaged = false

  return () => {
    try {
      const now = look()
      if (now.id !== opened.id) return 'moved'
      if (now.stamp !== last.stamp) {
        isChanged ||= now.writes === last.writes
        isDamaged = readHeader(file).kind !== kind
      }
      last = now
      if (isDamaged) return 'damaged'
      return isChanged ? 'changed' : null
    } catch {
      return 'moved'
    }
  }
}
