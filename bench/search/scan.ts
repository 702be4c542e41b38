/** How others search: a table of texts, looked through from its newest row on until enough of them fit. */
import { connect } from '../../src/store/sqlite.ts'

export type Scan = {
  add(id: string, chat: string, text: string, sentAt: number): void
  /** The newest 20 that hold all words: how long that takes, in ms; the best of some. */
  measure(words: readonly string[]): number
  close(): void
}

const RUNS = 3

/** The same messages in a plain table with an index on their time. */
export function openScan(file: string): Scan {
  const db = connect(file)
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    CREATE TABLE messages (id TEXT PRIMARY KEY, chat TEXT, text TEXT, timestamp INTEGER);
    CREATE INDEX messages_by_time ON messages (timestamp); BEGIN`)
  const insert = db.command('INSERT INTO messages VALUES (?, ?, ?, ?)')
  let isOpen = true
  return {
    add: (id, chat, text, sentAt) => void insert.run(id, chat, text, sentAt),
    measure(words) {
      if (isOpen) db.exec('COMMIT')
      isOpen = false
      const like = words.map(() => 'text LIKE ?').join(' AND ')
      const query = db.query(`SELECT * FROM messages WHERE ${like} ORDER BY timestamp DESC LIMIT 20`)
      const times = Array.from({ length: RUNS }, () => {
        const startedAt = performance.now()
        query.all(...words.map((word) => `%${word}%`))
        return performance.now() - startedAt
      })
      return Math.min(...times)
    },
    close: () => db.close(),
  }
}
