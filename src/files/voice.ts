/** Voice notes: WhatsApp plays only Opus in Ogg, mono, at 48 kHz. ffmpeg makes them from other sounds. */
import { spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { fail } from '../errors.ts'

/** The media type of a voice note. */
export const VOICE_TYPE = 'audio/ogg; codecs=opus'

/** An hour of sound is converted in some seconds. */
const CONVERT_MS = 25_000
/** The longest voice note in seconds; at 32 kbit/s it has 14 MB. */
const LONGEST_S = 3_600

/**
 * The demuxer for each type, chosen by the first bytes of the file. Playlists, and whatever else names other files, have
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
  'video/webm': 'matroska',
}

/** True if these are the first bytes of a voice note as WhatsApp plays it (RFC 7845, 5.1: channels, then the rate). */
export function isVoice(head: Uint8Array): boolean {
  const bytes = Buffer.from(head)
  const at = bytes.indexOf('OpusHead')
  if (bytes.toString('latin1', 0, 4) !== 'OggS' || at < 0 || bytes.length < at + 16) return false
  return bytes.readUInt8(at + 9) === 1 && bytes.readUInt32LE(at + 12) === 48_000
}

/**
 * Converts a file to a voice note. Read the stream to its end: it fails with `media_refused` if the file cannot be converted in
 * time.
 * @param sniffed its type by its first bytes
 * @throws AppError `media_refused` for a type that has no sound
 */
export function toVoice(path: string, sniffed: string | null, program = 'ffmpeg'): AsyncIterable<Uint8Array> {
  const demuxer = sniffed === null ? undefined : DEMUXERS[sniffed]
  if (demuxer === undefined)
    fail('media_refused', { detail: 'This file is not a sound that can be sent as a voice note.' })
  // The file comes by pipe and no other protocol is allowed, so that it can name nothing on this computer or elsewhere.
  const input = ['-protocol_whitelist', 'pipe', '-f', demuxer, '-i', 'pipe:0', '-vn', '-map_metadata', '-1']
  const limits = ['-nostdin', '-loglevel', 'error', '-max_alloc', String(64 * 2 ** 20), '-threads', '1']
  const output = ['-t', String(LONGEST_S), '-ac', '1', '-ar', '48000', '-c:a', 'libopus', '-b:a', '32k']
  return converted(program, [...limits, ...input, ...output, '-f', 'ogg', 'pipe:1'], path)
}

async function* converted(program: string, args: string[], path: string): AsyncGenerator<Uint8Array> {
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'ignore'],
    // Nothing of this server's settings.
    env: { PATH: process.env.PATH },
    timeout: CONVERT_MS,
    killSignal: 'SIGKILL',
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  ended.catch(() => {})
  // It may end before it has read everything.
  child.stdin.on('error', () => {})
  const file = createReadStream(path).on('error', () => child.kill('SIGKILL'))
  file.pipe(child.stdin)
  let length = 0
  try {
    for await (const piece of child.stdout as Readable) {
      length += piece.length
      yield piece
    }
    const code = await ended
    if (code !== 0 || length === 0)
      fail('media_refused', { detail: 'The file could not be converted to a voice note.' })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      fail('needs_ffmpeg', { cause: error })
    throw error
  } finally {
    child.kill('SIGKILL')
    file.destroy()
  }
}
