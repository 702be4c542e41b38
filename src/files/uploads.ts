/**
 * Files that clients upload to send them later: on disk for an hour, each for its caller only. They survive a restart of the
 * server.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Readable } from 'node:stream'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { isDiskFull } from '../error-code.ts'
import { fail } from '../errors.ts'
import type { Log } from '../log.ts'
import { makeFolder } from '../make-folder.ts'
import { notePassed } from '../passing-bytes.ts'
import { openFetched } from './fetched-file.ts'
import { SNIFFED_BYTES, sniffType, statedType, UNKNOWN_TYPE } from './media-type.ts'
import { openOwned } from './owned-file.ts'
import { type Arriving, createUploadQuota } from './upload-quota.ts'

/** An upload can be used for this long. */
const KEPT_MS = 3_600_000

/** What is known of an upload, beside its bytes (`<id>.json`). */
const Facts = z.object({
  caller: z.string(),
  sha256: z.string(),
  sizeBytes: z.int(),
  mimetype: z.string(),
  expiresAtMs: z.number(),
})

/** An upload. `sha256`: in hexadecimal. `mimetype`: by its first bytes, else as the client stated it. */
export type Upload = Omit<z.infer<typeof Facts>, 'caller'> & { id: string }

/** The body of a request, or a file that is copied or fetched. */
export type Body = {
  /** Read to its end, or returned from. */
  stream: AsyncIterable<Uint8Array>
  /** Its length in bytes as stated; null if it is not stated. */
  length: number | null
  /** Its header Content-Type, if it has one. */
  type: string | undefined
}

/** A body that holds something open until its stream is destroyed. */
export type OpenedBody = Body & { stream: Readable }

/** The uploads of one caller. */
export type CallerUploads = {
  /** The largest upload. */
  maxBytes: number
  /**
   * Stores the body. If that fails, nothing stays on disk, and the rest of the stream is not read. The same bytes of the same type are one
   * upload, so that a repeated form is the same request.
   * @throws AppError `body_too_large`, `invalid_input` if it is empty, `uploads_full`, `disk_full`; the error of the stream
   */
  add(body: Body): Promise<Upload>
  /**
   * Stores a copy of a file of the owner's directory, by its name there.
   * @throws AppError `file_not_found`, and as {@link CallerUploads.add}
   */
  addOwned(name: string): Promise<Upload>
  /**
   * Stores the file of a URL.
   * @throws AppError `invalid_input` if the setting is off, `url_refused`, `url_not_fetched`, and as {@link CallerUploads.add}
   */
  addFetched(url: string): Promise<Upload>
  /** Returns an upload of this caller with the path of its bytes; null if there is none, or if it has expired. */
  find(id: string): (Upload & { path: string }) | null
}

/** Returns the first bytes of a file, at most this many. @throws the error of the operating system */
export async function readHead(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

export type Uploads = {
  of(caller: string): CallerUploads
  /** Returns the path of the upload whose file has this name. Of a path, also in another directory, only the last part counts. */
  pathOf(name: string): string
  /**
   * Keeps the upload with this name or path until this time (Unix ms) for this holder, if it would expire before. Null: this holder
   * needs it no more; without another it expires in an hour at the latest. Never fails.
   */
  hold(path: string, holder: string, untilMs: number | null): void
  /** Stops the timer. The files stay for the next start. */
  close(): void
}

export type UploadsOptions = {
  /** Their directory. Created if missing. */
  dir: string
  maxBytes: number
  /** The most that the files of one caller take. */
  quotaBytes: number
  /** The owner's directory of files to send; empty: there is none. */
  filesDir: string
  /** True if files may be fetched from URLs. */
  urls: boolean
  clock: Clock
  log: Pick<Log, 'warn'>
}

/** Opens the directory, and removes what has expired or is incomplete. */
export function openUploads(options: UploadsOptions): Uploads {
  const { dir, maxBytes, quotaBytes, filesDir, urls, clock, log } = options
  const known = new Map<string, z.infer<typeof Facts>>()
  const running = new Set<string>()
  /** Until when each holder needs an upload, by its id: the same bytes may be for several. */
  const holders = new Map<string, Map<string, number>>()
  const quota = createUploadQuota(quotaBytes, () => known.values(), clock)
  let cancelSweep = () => {}
  const bytesOf = (id: string) => join(dir, `${id}.bin`)
  const factsOf = (id: string) => join(dir, `${id}.json`)
  const filesOf = (id: string) => [bytesOf(id), factsOf(id), `${factsOf(id)}.new`]

  for (const id of idsIn(dir)) {
    const facts = readFacts(factsOf(id), bytesOf(id))
    if (facts !== null) known.set(id, facts)
  }
  sweep()

  /** Removes everything that is neither running nor valid, and continues when the next upload expires. */
  function sweep(): void {
    cancelSweep()
    const now = clock.now()
    for (const [id, { expiresAtMs }] of known) if (expiresAtMs <= now) known.delete(id)
    for (const id of holders.keys()) if (!known.has(id)) holders.delete(id)
    for (const id of idsIn(dir)) if (!known.has(id) && !running.has(id)) removeNow(id)
    const next = Math.min(...[...known.values()].map(({ expiresAtMs }) => expiresAtMs))
    if (Number.isFinite(next)) cancelSweep = clock.after(Math.max(0, next - now), sweep)
  }

  function removeNow(id: string): void {
    try {
      for (const file of filesOf(id)) rmSync(file, { force: true })
    } catch (error) {
      log.warn({ err: error }, 'an expired upload cannot be removed; the next start tries again')
    }
  }

  async function receive(
    caller: string,
    draft: string,
    { stream, type }: Body,
    arriving: Arriving,
  ): Promise<Upload> {
    makeFolder(dir, 0o700)
    const file = await open(bytesOf(draft), 'wx', 0o600)
    let facts: z.infer<typeof Facts>
    try {
      const { head, ...counted } = await copy(stream, file, maxBytes, arriving)
      const mimetype = sniffType(head) ?? statedType(type) ?? UNKNOWN_TYPE
      facts = { caller, ...counted, mimetype, expiresAtMs: clock.now() + KEPT_MS }
    } finally {
      await file.close()
    }
    const id = idOf(facts)
    // In one go: a message may hold the same upload, or its time may end, while anything is awaited.
    const kept = { ...facts, expiresAtMs: Math.max(facts.expiresAtMs, known.get(id)?.expiresAtMs ?? 0) }
    // Renamed, so that it is never read half written.
    writeFileSync(`${factsOf(draft)}.new`, JSON.stringify(kept), { flag: 'wx', mode: 0o600 })
    // A browser that reads it for a send refuses a file that was replaced, even by the same bytes.
    const isHere = isWhole(bytesOf(id), kept)
    if (!isHere) renameSync(bytesOf(draft), bytesOf(id))
    renameSync(`${factsOf(draft)}.new`, factsOf(id))
    known.set(id, kept)
    if (isHere) await rm(bytesOf(draft), { force: true })
    return toUpload(id, kept)
  }

  /** Stores the body once it is open, and closes its stream. */
  async function addOpened(caller: string, opened: Promise<OpenedBody>): Promise<Upload> {
    const body = await opened
    return add(caller, body).finally(() => body.stream.destroy())
  }

  async function add(caller: string, body: Body): Promise<Upload> {
    if ((body.length ?? 0) > maxBytes) tooLarge(maxBytes)
    const arriving = quota.begin(caller, body.length ?? 0)
    const id = randomBytes(16).toString('hex')
    running.add(id)
    try {
      const upload = await receive(caller, id, body, arriving)
      sweep()
      return upload
    } catch (error) {
      await Promise.allSettled(filesOf(id).map((file) => rm(file, { force: true })))
      if (isDiskFull(error)) fail('disk_full', { cause: error })
      throw error
    } finally {
      arriving.end()
      running.delete(id)
    }
  }

  return {
    of: (caller) => ({
      maxBytes,
      add: (body) => add(caller, body),
      addOwned: (name) => addOpened(caller, openOwned(filesDir, name)),
      async addFetched(url) {
        if (!urls)
          fail('invalid_input', {
            detail: '"media.url": this server fetches no files.',
            hint: 'Set WHATSAPP_MEDIA_URLS=true and restart the server, or upload the file.',
          })
        return addOpened(caller, openFetched(url, clock))
      },
      find(id) {
        const facts = known.get(id)
        if (facts?.caller !== caller || facts.expiresAtMs <= clock.now()) return null
        const path = bytesOf(id)
        return isWhole(path, facts) ? { ...toUpload(id, facts), path } : null
      },
    }),
    pathOf: (name) => join(dir, fileName(name)),
    hold(path, holder, untilMs) {
      const id = basename(path, '.bin')
      const facts = known.get(id)
      if (facts === undefined) return
      const own = holders.get(id) ?? new Map<string, number>()
      let expiresAtMs: number
      if (untilMs === null) {
        // Another account may not have said yet, after a start, that it holds it too: an hour is enough for that.
        if (!own.delete(holder)) return
        expiresAtMs = Math.min(facts.expiresAtMs, Math.max(clock.now() + KEPT_MS, ...own.values()))
      } else {
        holders.set(id, own.set(holder, untilMs))
        expiresAtMs = Math.max(facts.expiresAtMs, untilMs)
      }
      if (expiresAtMs === facts.expiresAtMs) return
      const held = { ...facts, expiresAtMs }
      known.set(id, held)
      try {
        writeFileSync(`${factsOf(id)}.new`, JSON.stringify(held), { mode: 0o600 })
        renameSync(`${factsOf(id)}.new`, factsOf(id))
      } catch (error) {
        log.warn({ err: error }, 'an upload is kept for a message only until the server stops')
      }
      sweep()
    },
    close: () => cancelSweep(),
  }
}

/** The last part of a path of this or another system. */
const fileName = (path: string) => /[^\\/]*$/.exec(path)?.[0] ?? path

/** Returns the id of an upload: the same for the same bytes, type and caller. */
function idOf({ caller, sha256, mimetype }: z.infer<typeof Facts>): string {
  return createHash('sha256')
    .update(JSON.stringify([caller, sha256, mimetype]))
    .digest('hex')
    .slice(0, 32)
}

function toUpload(id: string, { caller: _, ...facts }: z.infer<typeof Facts>): Upload {
  return { id, ...facts }
}

function tooLarge(maxBytes: number): never {
  const mib = Math.floor(maxBytes / 2 ** 20)
  return fail('body_too_large', {
    detail: `The file is larger than ${mib} MiB.`,
    hint: `Upload at most ${mib} MiB, or raise WHATSAPP_MAX_UPLOAD_MIB and restart the server.`,
  })
}

/** Copies the stream to the file, as fast as the disk writes. Stops reading at the limit. */
async function copy(
  stream: AsyncIterable<Uint8Array>,
  file: FileHandle,
  maxBytes: number,
  arriving: Arriving,
): Promise<{ sha256: string; sizeBytes: number; head: Buffer }> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  let head = Buffer.alloc(0)
  for await (const bytes of stream) {
    sizeBytes += bytes.length
    if (sizeBytes > maxBytes) tooLarge(maxBytes)
    arriving.add(bytes.length)
    if (head.length < SNIFFED_BYTES) head = Buffer.concat([head, bytes.subarray(0, SNIFFED_BYTES)])
    hash.update(bytes)
    notePassed(bytes.length)
    await file.writeFile(bytes)
  }
  if (sizeBytes === 0) fail('invalid_input', { detail: 'The body is empty. It must be the bytes of a file.' })
  return { sha256: hash.digest('hex'), sizeBytes, head }
}

/** True if the bytes are on the disk, as far as their number says. */
function isWhole(path: string, { sizeBytes }: { sizeBytes: number }): boolean {
  return statSync(path, { throwIfNoEntry: false })?.size === sizeBytes
}

/** The ids of all files of ours in this directory, complete or not. */
function idsIn(dir: string): Set<string> {
  return new Set(
    namesIn(dir).flatMap((name) => /^([0-9a-f]{32})\.(?:bin|json|json\.new)$/.exec(name)?.[1] ?? []),
  )
}

/** An upload reports a directory that cannot be used; a start does not fail because of it. */
function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

/** Returns the facts of a complete upload, or null. */
function readFacts(file: string, bytes: string): z.infer<typeof Facts> | null {
  try {
    const facts = Facts.parse(JSON.parse(readFileSync(file, 'utf8')))
    return isWhole(bytes, facts) ? facts : null
  } catch {
    return null
  }
}
