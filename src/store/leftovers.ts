/** What a command that was cut short leaves beside an archive: never the archive itself, which is whole either way. */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Ends the name of a copy that is still being made. */
export const COPY = '.new'
/** What SQLite keeps beside a database while it writes it. */
const BESIDE = ['', '-wal', '-shm', '-journal']

/** Remove a copy, with all that SQLite put beside it. */
export function removeCopy(copy: string): void {
  for (const end of BESIDE) rmSync(copy + end, { force: true })
}

/** Remove every copy that was left in this directory. Call only while nobody else uses it. */
export function sweepLeftovers(dir: string): void {
  for (const name of readdirSync(dir)) {
    if (/\.db(\.key\.json)?\.new(-wal|-shm|-journal)?$/.test(name)) rmSync(join(dir, name), { force: true })
  }
}
