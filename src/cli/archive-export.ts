/** `whatsapp-mcp-api archive export` and `stats`: read the archive of the running server. */
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { toPath } from '../home.ts'
import { isAlive } from '../is-alive.ts'
import { counted } from '../model/counted.ts'
import { openApi, type Server } from './client.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { watchEnd } from './export-end.ts'
import { findChat } from './find-chat.ts'
import { createProgress } from './progress.ts'
import { jsonLines, printable } from './terminal.ts'

export type ExportFlags = { chat: string; format: 'jsonl' | 'text'; out: string }

/** Writes the archive, or one chat, to a file or to standard output. A chat can be named by its whole name. Resolves with the exit code. */
export async function exportArchive(server: Server, { chat, format, out }: ExportFlags): Promise<number> {
  const file = out === '' ? null : requireTarget(toPath(out))
  const api = openApi(server)
  const query = new URLSearchParams({ format })
  if (chat !== '') query.set('chat_id', await findChat(api, chat))
  const answer = await api.open(`/api/export?${query}`)
  const total = Number(answer.headers.get('x-total-messages') ?? 0)
  const progress = createProgress((messages) => `${messages} of ${total} messages exported`)
  const target = file === null ? null : openTarget(file)
  const end = watchEnd()
  let messages = 0
  try {
    for await (const chunk of answer.body ?? []) {
      messages += countMessages(chunk, format)
      if (target === null) await write(chunk)
      else target.write(chunk)
      end.see(chunk)
      progress(messages)
    }
    if (format === 'jsonl' && !end.isWhole()) throw new Error('the last line is missing')
    target?.keep()
    if (file !== null) process.stdout.write(`Wrote ${counted(total, 'message')} to ${printable(file)}.\n`)
  } catch (error) {
    target?.drop()
    if (error instanceof CommandError) throw error
    throw new CommandError(
      `The export from ${server.url} was interrupted (${error instanceof Error ? error.message : error}).`,
      out === ''
        ? 'The printed export is incomplete. Run the command again.'
        : 'No file was written. Run the command again.',
      EXIT.failed,
      { cause: error },
    )
  }
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
    ['oldest', stats.oldest_at ?? 'none'],
    ['newest', stats.newest_at ?? 'none'],
    ...stats.by_kind.map(({ kind, chats, messages }): [string, string] => [
      kind,
      `${counted(messages, 'message')} in ${counted(chats, 'chat')}`,
    ]),
  ]
  return rows.map(([name, text]) => `${name.padEnd(10)} ${printable(text)}\n`).join('')
}

/**
 * Returns the path to write: a new file, or an existing regular file that the export replaces. Links are followed. Rejects
 * anything else, because the rename would replace it: a device such as /dev/full, for every program.
 */
function requireTarget(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return path
  if (stats.isFile()) return realpathSync(path)
  throw new CommandError(
    `${path} is not a regular file.`,
    'Name a new or regular file with --out. Omit --out to write to standard output.',
    EXIT.wrongSetting,
  )
}

/**
 * Opens a file that gets its name only when it is complete. Only its owner can read it. The partial file is plain text:
 * a signal deletes it, and the next export deletes the partial file of a killed export.
 */
function openTarget(file: string) {
  const fresh = `${file}.${process.pid}.part`
  const refuse = (error: unknown): never => {
    throw new CommandError(
      `${file} cannot be written (${error instanceof Error ? error.message : error}).`,
      'Choose another file with --out, or free disk space.',
      EXIT.failed,
      { cause: error },
    )
  }
  const guarded = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      return refuse(error)
    }
  }
  const fd = guarded(() => {
    removeAbandoned(file)
    return openSync(fresh, 'wx', 0o600)
  })
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => {
      rmSync(fresh, { force: true })
      // The listener is removed, so the signal now ends the process.
      process.kill(process.pid, name)
    })
  }
  return {
    write: (chunk: Uint8Array) =>
      guarded(() => {
        for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at)
      }),
    keep: () =>
      guarded(() => {
        fsyncSync(fd)
        closeSync(fd)
        renameSync(fresh, file)
      }),
    drop() {
      try {
        closeSync(fd)
      } catch {
        // The file was closed already; the rename failed.
      }
      rmSync(fresh, { force: true })
    },
  }
}

/** Deletes the partial files of killed exports to this file. Those of running processes stay. */
function removeAbandoned(file: string): void {
  const begin = `${basename(file)}.`
  for (const name of readdirSync(dirname(file))) {
    const pid = Number(/^(\d+)\.part$/.exec(name.startsWith(begin) ? name.slice(begin.length) : '')?.[1])
    if (pid && !isAlive(pid)) rmSync(join(dirname(file), name), { force: true })
  }
}

/** Writes to standard output. Resolves when the chunk is written, so that the reader sets the pace. */
function write(chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(chunk, (error) => (error ? reject(error) : resolve()))
  })
}

/** Returns the approximate number of messages in this chunk, for the progress only. */
function countMessages(chunk: Uint8Array, format: ExportFlags['format']): number {
  const text = Buffer.from(chunk).toString('latin1')
  const begin = format === 'jsonl' ? /^\{"line":"message"/gm : /^\d{4}-\d\d-\d\d \d\d:/gm
  return text.match(begin)?.length ?? 0
}
