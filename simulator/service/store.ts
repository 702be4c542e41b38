/**
 * The service's memory on disk: maps that survive `kill -9`, as a snapshot file and a journal of changes
 * after it.
 */
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A map whose changes are written when `set` or `delete` returns (to the kernel: a killed process loses
 * none).
 */
export type StoredMap<T> = {
  get(key: string): T | undefined
  has(key: string): boolean
  /** Stores `value`; also to be called after changing an object from the map. */
  set(key: string, value: T): void
  /** The same for several values, in one write. */
  setAll(entries: Iterable<[key: string, value: T]>): void
  delete(key: string): void
  values(): T[]
  readonly size: number
}

export type Store = {
  /** Opens a map; throws if it was opened before. */
  map<T>(name: string): StoredMap<T>
  onChange(listener: () => void): void
  close(): void
}

/**
 * Memory in `directory` (created if missing), or in memory only with `null`. Throws if the directory is not
 * writable. Values are JSON. A torn last line of the journal (power cut in a write) is ignored.
 */
export function openStore(directory: string | null): Store {
  const texts = new Map<string, Map<string, string>>()
  const textsOf = (name: string): Map<string, string> => {
    const found = texts.get(name) ?? new Map<string, string>()
    texts.set(name, found)
    return found
  }
  const replay = (line: string): void => {
    const [name, key, text]: [string, string, string?] = JSON.parse(line)
    if (text === undefined) textsOf(name).delete(key)
    else textsOf(name).set(key, text)
  }

  let journal: number | null = null
  if (directory !== null) {
    mkdirSync(directory, { recursive: true })
    const snapshotPath = join(directory, 'world.jsonl')
    const journalPath = join(directory, 'journal.jsonl')
    for (const path of [snapshotPath, journalPath]) {
      for (const line of readLines(path)) {
        try {
          replay(line)
        } catch {
          break
        }
      }
    }
    writeFileSync(`${snapshotPath}.new`, toLines(texts))
    renameSync(`${snapshotPath}.new`, snapshotPath)
    journal = openSync(journalPath, 'w')
  }

  const opened = new Set<string>()
  let changed = (): void => {}
  // Memory-only values are never serialized: worlds may be large.
  const record = (toLine: () => string): void => {
    if (journal !== null) writeSync(journal, toLine())
    changed()
  }

  return {
    map<T>(name: string): StoredMap<T> {
      if (opened.has(name)) throw new Error(`simulator: the map ${name} is open already`)
      opened.add(name)
      const values = new Map<string, T>()
      for (const [key, text] of textsOf(name)) values.set(key, JSON.parse(text))
      texts.delete(name)
      return {
        get: (key) => values.get(key),
        has: (key) => values.has(key),
        set(key, value) {
          values.set(key, value)
          record(() => `${JSON.stringify([name, key, JSON.stringify(value)])}\n`)
        },
        setAll(entries) {
          const all = [...entries]
          for (const [key, value] of all) values.set(key, value)
          record(() =>
            all.map(([key, value]) => `${JSON.stringify([name, key, JSON.stringify(value)])}\n`).join(''),
          )
        },
        delete(key) {
          if (values.delete(key)) record(() => `${JSON.stringify([name, key])}\n`)
        },
        values: () => [...values.values()],
        get size() {
          return values.size
        },
      }
    },
    onChange(listener) {
      changed = listener
    },
    close() {
      if (journal !== null) closeSync(journal)
      journal = null
    },
  }
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}

function toLines(maps: Map<string, Map<string, string>>): string {
  const lines: string[] = []
  for (const [name, entries] of maps) {
    for (const [key, text] of entries) lines.push(`${JSON.stringify([name, key, text])}\n`)
  }
  return lines.join('')
}
