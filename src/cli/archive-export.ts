/** `whatsapp-mcp-api archive export` and `stats`: what the running server has in its archive. */
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
import { counted } from '../model/counted.ts'
import { openApi, type Server } from './client.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { watchEnd } from './export-end.ts'
import { createProgress } from './progress.ts'
import { plain } from './terminal.ts'

export type ExportFlags = { chat: string; format: 'jsonl' | 'text'; out: string }

/** Writes everything, or one chat, to a file or to standard output; resolves with the exit code. */
export async function exportArchive(server: Server, { chat, format, out }: ExportFlags): Promise<number> {
  const query = new URLSearchParams({ format, ...(chat === '' ? {} : { chat_id: chat }) })
  const file = out === '' ? null : requireTarget(toPath(out))
  const answer = await openApi(server).open(`/api/export?${query}`)
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
    if (format === 'jsonl' && !end.isWhole()) throw new Error('its last line, the end, is missing')
    target?.keep()
    if (file !== null) process.stdout.write(`Wrote ${counted(total, 'message')} to ${plain(file)}.\n`)
  } catch (error) {
    target?.drop()
    if (error instanceof CommandError) throw error
    throw new CommandError(
      `The export from ${server.url} broke off (${error instanceof Error ? error.message : error}).`,
      out === ''
        ? 'What was printed is not whole. Run it again.'
        : 'Nothing was left in the file. Run it again.',
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

/** Prints the archive in numbers; resolves with the exit code. */
export async function archiveStats(server: Server, { json }: { json: boolean }): Promise<number> {
  const stats = await openApi(server).get<Stats>('/api/archive')
  process.stdout.write(json ? `${JSON.stringify(stats, null, 2)}\n` : renderStats(stats))
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
  return rows.map(([name, text]) => `${name.padEnd(10)} ${plain(text)}\n`).join('')
}

/**
 * What is to be written: a new file, or a regular one in whose place the export comes, where a link leads. Anything else
 * would be replaced by a file of that name: a device, such as /dev/full, for every program.
 */
function requireTarget(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return path
  if (stats.isFile()) return realpathSync(path)
  throw new CommandError(
    `${path} is not a regular file.`,
    'Name a new file or a regular one with --out, or leave --out out for standard output.',
    EXIT.wrongSetting,
  )
}

/**
 * A file that appears under its name only once it is whole, readable by its owner alone. What is there before is plain
 * text: a signal takes it away, and what a killed export left goes with the next one.
 */
function openTarget(file: string) {
  const fresh = `${file}.${process.pid}.part`
  const refuse = (error: unknown): never => {
    throw new CommandError(
      `${file} cannot be written (${error instanceof Error ? error.message : error}).`,
      'Choose another file with --out, or free some space.',
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
      // Nobody listens any more: it ends as it would have.
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
        // It was closed before it could not be renamed.
      }
      rmSync(fresh, { force: true })
    },
  }
}

/** Removes what killed exports to this file left; those of living processes stay. */
function removeAbandoned(file: string): void {
  const begin = `${basename(file)}.`
  for (const name of readdirSync(dirname(file))) {
    const pid = Number(/^(\d+)\.part$/.exec(name.startsWith(begin) ? name.slice(begin.length) : '')?.[1])
    if (pid && !isAlive(pid)) rmSync(join(dirname(file), name), { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Not permitted to signal it: it lives, under another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** To standard output, no faster than it is read. */
function write(chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(chunk, (error) => (error ? reject(error) : resolve()))
  })
}

/** As many as lines of messages begin in this piece, about: it is for the progress only. */
function countMessages(chunk: Uint8Array, format: ExportFlags['format']): number {
  const text = Buffer.from(chunk).toString('latin1')
  const begin = format === 'jsonl' ? /^\{"line":"message"/gm : /^\d{4}-\d\d-\d\d \d\d:/gm
  return text.match(begin)?.length ?? 0
}
