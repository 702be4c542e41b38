/** What can be wrong with a rules file, and whether it has changed. Loads no YAML: most servers have no rules. */
import { lstatSync } from 'node:fs'

/** What is wrong with the file. `message`: a sentence without its end; `line`: null if it is about the whole file. */
export class RulesError extends Error {
  readonly line: number | null
  constructor(message: string, line: number | null = null) {
    super(message)
    this.name = 'RulesError'
    this.line = line
  }
}

/** Returns what changes when the file is saved, replaced or given another mode; null if there is no file. */
export function stampOf(file: string): string | null {
  try {
    const { ino, size, mtimeMs, mode, uid } = lstatSync(file)
    return [ino, size, mtimeMs, mode, uid].join(' ')
  } catch {
    return null
  }
}
