/** Exports of the archive or of one chat: see export.ts and export-text.ts. */
import type { Clock } from '../clock.ts'
import { fail } from '../errors.ts'
import type { Jid } from '../model/ids.ts'
import type { IsOurs } from './acquaintance.ts'
import { createJsonExport, type Export } from './export.ts'
import { createMessagePages } from './export-pages.ts'
import { createTextExport } from './export-text.ts'
import { createFinder } from './read-finder.ts'
import { createLoader } from './read-loader.ts'
import type { Connection } from './sqlite.ts'

export const EXPORT_FORMATS = ['jsonl', 'text'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

export type Exporter = {
  /**
   * Exports everything, or one chat. `messages`: the current number of messages.
   * @throws AppError `chat_not_found`
   */
  export(chat: Jid | null, format: ExportFormat): { messages: number; pieces: Export }
}

/** Prepares its statements once, here. @param isOurs left out: this server has sent nothing */
export function createExporter(db: Connection, clock: Clock, isOurs?: IsOurs): Exporter {
  const loader = createLoader(db, clock, isOurs)
  const finder = createFinder(db, loader)
  const pages = createMessagePages(db)
  const formats = {
    jsonl: createJsonExport(db, loader, pages),
    text: createTextExport(db, loader, pages),
  }
  return {
    export(address, format) {
      const chat = address === null ? null : (finder.chat(address)?.id ?? fail('chat_not_found'))
      return { messages: pages.count(chat), pieces: formats[format](chat, clock.now()) }
    },
  }
}
