/** `whatsapp-mcp-api archive export` and `stats`: read the archive of the running server. */
import { counted } from '../model/counted.ts'
import { openApi, type Server } from './client.ts'
import { EXIT } from './exit-codes.ts'
import { watchEnd } from './export-end.ts'
import { findChat } from './find-chat.ts'
import { localTime } from './local-time.ts'
import { createProgress } from './progress.ts'
import { requireTarget, saveBody } from './save-body.ts'
import { jsonLines, printable } from './terminal.ts'

export type ExportFlags = { chat: string; format: 'jsonl' | 'text'; out: string }

/** Writes the archive, or one chat, to a file or to standard output. A chat can be named by its whole name. Resolves with the exit code. */
export async function exportArchive(server: Server, { chat, format, out }: ExportFlags): Promise<number> {
  const file = requireTarget(out)
  const api = openApi(server)
  const query = new URLSearchParams({ format })
  if (chat !== '') query.set('chat_id', await findChat(api, chat))
  const answer = await api.open(`/api/export?${query}`)
  const total = Number(answer.headers.get('x-total-messages') ?? 0)
  const progress = createProgress((messages) => `${messages} of ${total} messages exported`)
  const end = watchEnd()
  let messages = 0
  await saveBody(answer, file, {
    what: `export from ${server.url}`,
    see(chunk) {
      messages += countMessages(chunk, format)
      end.see(chunk)
      progress(messages)
    },
    check() {
      if (format === 'jsonl' && !end.isWhole()) throw new Error('the last line is missing')
    },
  })
  if (file !== null) process.stdout.write(`Wrote ${counted(total, 'message')} to ${printable(file)}.\n`)
  return EXIT.ok
}

type Stats = {
  file: string
  size_bytes: number
  oldest_at: string | null
  newest_at: string | null
  by_kind: { kind: string; chats: number; messages: number }[]
} & Record<'messages' | 'chats' | 'people' | 'reactions' | 'revisions' | 'events' | 'gaps', number>

/** Prints the numbers of the archive. Resolves with the exit code. */
export async function archiveStats(server: Server, { json }: { json: boolean }): Promise<number> {
  const stats = await openApi(server).get<Stats>('/api/archive')
  process.stdout.write(json ? jsonLines(stats) : renderStats(stats))
  return EXIT.ok
}

function renderStats(stats: Stats): string {
  const counts = ['messages', 'chats', 'people', 'reactions', 'revisions', 'events', 'gaps'] as const
  const rows: [string, string][] = [
    ['file', stats.file],
    ['size', `${(stats.size_bytes / 1024 ** 2).toFixed(1)} MiB`],
    ...counts.map((name): [string, string] => [name, String(stats[name])]),
    ['oldest', timeOf(stats.oldest_at)],
    ['newest', timeOf(stats.newest_at)],
    ...stats.by_kind.map(({ kind, chats, messages }): [string, string] => [
      kind,
      `${counted(messages, 'message')} in ${counted(chats, 'chat')}`,
    ]),
  ]
  return rows.map(([name, text]) => `${name.padEnd(10)} ${printable(text)}\n`).join('')
}

const timeOf = (time: string | null) => (time === null ? 'none' : localTime(time))

/** Returns the approximate number of messages in this chunk, for the progress only. */
function countMessages(chunk: Uint8Array, format: ExportFlags['format']): number {
  const text = Buffer.from(chunk).toString('latin1')
  const begin = format === 'jsonl' ? /^\{"line":"message"/gm : /^\d{4}-\d\d-\d\d \d\d:/gm
  return text.match(begin)?.length ?? 0
}
