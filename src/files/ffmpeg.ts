/** Converts media with ffmpeg, which is looked for at each call. A hostile file costs bounded time and memory, and reads nothing. */
import { spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { childEnvironment } from '../child-environment.ts'
import { codeOf } from '../error-code.ts'
import { AppError, fail } from '../errors.ts'

/** One conversion: an hour of sound takes some seconds, a minute of video in full HD about 15. */
const CONVERT_MS = 25_000
/** Conversions at the same time; others wait. */
const MOST = 2
/** The largest picture, in pixels: a frame of it has 200 MB. */
const MAX_PIXELS = 50e6
/** A frame of video, by which a result may stay below the limit at which ffmpeg stops. */
const MARGIN_BYTES = 256 * 1024

/**
 * The demuxer for each type, chosen by the first bytes of the file. Playlists, SVG, and whatever else names other files, have
 * none.
 */
const DEMUXERS: Record<string, string> = {
  'audio/ogg': 'ogg',
  'audio/mpeg': 'mp3',
  'audio/mp4': 'mov',
  'audio/aac': 'aac',
  'audio/amr': 'amr',
  'audio/wav': 'wav',
  'audio/flac': 'flac',
  'video/mp4': 'mov',
  'video/quicktime': 'mov',
  'video/3gpp': 'mov',
  'video/webm': 'matroska',
  'image/gif': 'gif',
  'image/jpeg': 'jpeg_pipe',
  'image/png': 'png_pipe',
  'image/webp': 'webp_pipe',
}

/** What to make. `words`: as in "could not be converted to a voice note". */
export type Recipe = {
  words: string
  output: readonly string[]
  format: 'ogg' | 'mp4' | 'ipod' | 'webp' | 'wav' | 'mjpeg'
}

/** A file to convert. `sniffed`: its type by its first bytes. */
export type Source = { path: string; sniffed: string | null }

/** True if files of this type can be converted, as far as their first bytes say. */
export const isConvertible = (sniffed: string | null): boolean => sniffed !== null && sniffed in DEMUXERS

/**
 * What a conversion may take. `withinMs`: with its wait for others. `dir`: the folder for its files while it runs, else that of the
 * system for temporary files. `signal` ends it, with the reason of the signal.
 */
export type Bounds = { withinMs: number; maxBytes: number; dir?: string; signal?: AbortSignal }

let running = 0
const waiting: (() => void)[] = []

/** Resolves once fewer than {@link MOST} conversions run. @throws AppError `server_busy`; the reason of the signal */
async function begin(withinMs: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  if (running < MOST) {
    running += 1
    return
  }
  await new Promise<void>((resolve, reject) => {
    const settle = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
    }
    const go = () => {
      settle()
      resolve()
    }
    const leave = (error: unknown) => {
      settle()
      waiting.splice(waiting.indexOf(go), 1)
      reject(error)
    }
    const stop = () => leave(signal?.reason)
    const timer = setTimeout(() => {
      leave(new AppError('server_busy', { detail: 'Other files are being converted. Nothing was sent.' }))
    }, withinMs)
    signal?.addEventListener('abort', stop, { once: true })
    waiting.push(go)
  })
}

/** The next one takes the place of the one that ends. */
function end(): void {
  const next = waiting.shift()
  if (next === undefined) running -= 1
  else next()
}

/**
 * Yields the converted file. Read it to its end, or return from it: it fails with `media_refused` if the file cannot be converted
 * in time or becomes too large, `needs_ffmpeg`, and `server_busy`.
 */
export async function* converted(
  { path, sniffed }: Source,
  { words, output, format }: Recipe,
  { withinMs, maxBytes, dir: parent = tmpdir(), signal }: Bounds,
  program = 'ffmpeg',
): AsyncGenerator<Uint8Array> {
  const demuxer = sniffed === null ? undefined : DEMUXERS[sniffed]
  if (demuxer === undefined)
    fail('media_refused', { detail: `A file of this type cannot be converted to ${words}.` })
  const limits = ['-nostdin', '-loglevel', 'error', '-max_alloc', String(256 * 2 ** 20), '-threads', '2']
  // The file comes by pipe, and nothing but the pipe and its cache can be opened, so that it can name nothing on this
  // computer or elsewhere. With the cache, a file is read that has its table of contents at its end, as cameras write them.
  const input = ['-protocol_whitelist', 'cache,pipe', '-max_pixels', String(MAX_PIXELS), '-f', demuxer]
  const rest = ['-map_metadata', '-1', ...output, '-fs', String(maxBytes), '-f', format]
  const endsAt = performance.now() + withinMs
  await begin(withinMs, signal)
  let dir: string | null = null
  try {
    // MP4 with its table of contents at the front is written in two passes, which a pipe cannot be.
    dir = await mkdtemp(join(parent, 'whatsapp-mcp-api-'))
    const out = join(dir, 'converted')
    const args = [...limits, ...input, '-i', 'cache:pipe:0', ...rest, '-y', out]
    const file = createReadStream(path)
    const ms = Math.ceil(Math.max(1, Math.min(CONVERT_MS, endsAt - performance.now())))
    await run(program, args, file, dir, ms, signal).finally(() => file.destroy())
    // At its limit ffmpeg ends as if the file were whole. The limit counts before the last pieces are written.
    const { size } = await stat(out)
    if (size > maxBytes - MARGIN_BYTES)
      fail('media_refused', {
        detail: `The file becomes larger than ${Math.floor(maxBytes / 2 ** 20)} MiB as ${words}.`,
      })
    yield* createReadStream(out) as AsyncIterable<Uint8Array>
  } catch (error) {
    if (codeOf(error) !== 'CONVERT') throw error
    fail('media_refused', { detail: `The file could not be converted to ${words}.`, cause: error })
  } finally {
    if (dir !== null) await rm(dir, { recursive: true, force: true }).catch(() => {})
    end()
  }
}

/** @throws AppError `needs_ffmpeg`; an error with the code `CONVERT` */
async function run(
  program: string,
  args: string[],
  input: Readable,
  dir: string,
  timeout: number,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted()
  const child = spawn(program, args, {
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: dir,
    env: { ...childEnvironment(), TMPDIR: dir },
    timeout,
    killSignal: 'SIGKILL',
  })
  const stop = () => void child.kill('SIGKILL')
  signal?.addEventListener('abort', stop)
  // It may end before it has read everything.
  child.stdin.on('error', () => {})
  input.on('error', () => child.kill('SIGKILL'))
  input.pipe(child.stdin)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
    .catch((error: unknown) =>
      codeOf(error) === 'ENOENT' ? fail('needs_ffmpeg', { cause: error }) : Promise.reject(error),
    )
    .finally(() => signal?.removeEventListener('abort', stop))
  signal?.throwIfAborted()
  if (code !== 0) throw Object.assign(new Error(`ffmpeg ended with ${code}`), { code: 'CONVERT' })
}
