/** Rows that transactions read again and again, so that recording a message does not select its chat and its sender each time. */

export type Memory<Key, Value> = {
  /** Returns the remembered value, or reads and remembers it, unless it is undefined. */
  get(key: Key, read: () => Value): Value
  /** For a row that was just read in another way, or written by a command with `keepsMemory` (sqlite.ts). */
  set(key: Key, value: Value): void
}

export type Memories = {
  /** @param tables every table that the remembered values are read from */
  open<Key, Value>(...tables: string[]): Memory<Key, Value>
  /** Returns the function that forgets what a command with this text may change; call it with each run. */
  touch(sql: string): () => void
  forgetAll(): void
}

/** The most values of one memory, some hundred bytes each: a memory that is full is emptied. */
const MOST = 10_000

/** @param isActive true within a transaction; outside of one nothing is remembered, since another connection may write */
export function createMemories(isActive: () => boolean): Memories {
  const all: { tables: string[]; kept: Map<unknown, unknown> }[] = []
  return {
    open<Key, Value>(...tables: string[]): Memory<Key, Value> {
      const kept = new Map<Key, Value>()
      all.push({ tables, kept })
      function set(key: Key, value: Value): void {
        if (!isActive() || value === undefined) return
        if (kept.size >= MOST) kept.clear()
        kept.set(key, value)
      }
      return {
        set,
        get(key, read) {
          const known = isActive() ? kept.get(key) : undefined
          if (known !== undefined) return known
          const value = read()
          set(key, value)
          return value
        },
      }
    },
    touch(sql) {
      const words = new Set(sql.match(/\w+/g))
      return () => {
        for (const { tables, kept } of all) {
          if (kept.size > 0 && tables.some((table) => words.has(table))) kept.clear()
        }
      }
    },
    forgetAll() {
      for (const { kept } of all) kept.clear()
    },
  }
}
