/** Videos: WhatsApp plays H.264 with AAC in MP4, and phones begin to play at once if its table of contents is at the front. */
import { open } from 'node:fs/promises'
import type { Recipe } from './ffmpeg.ts'

/** The longest side in pixels, as WhatsApp's own apps send it in HD. */
const LONGEST_SIDE = 1_280
/** The table of contents of a video of hours has some megabytes. */
const MAX_MOOV_BYTES = 32 * 2 ** 20
const MAX_BOXES = 64
/** A camera writes a handful. */
const MAX_TRACKS = 64
/** The width of a preview in pixels: some kilobytes. */
const PREVIEW_SIDE = 100

/** `ready`: WhatsApp plays it. `repack`: its streams do, in another container. `encode`: it must be encoded. */
export type VideoState = 'ready' | 'repack' | 'encode'

const FRONT = ['-movflags', '+faststart']
const STREAMS = ['-map', '0:v:0', '-map', '0:a:0?']
const ENCODED = [
  '-vf',
  // Even sides: H.264 with 4:2:0 has no others.
  `scale='min(${LONGEST_SIDE},iw)':'min(${LONGEST_SIDE},ih)':force_original_aspect_ratio=decrease:force_divisible_by=2,format=yuv420p`,
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '26', '-profile:v', 'main', '-threads', '2'],
]

/** Makes a video that WhatsApp plays. */
export const VIDEO: Record<Exclude<VideoState, 'ready'>, Recipe> = {
  repack: { words: 'a video', output: [...STREAMS, '-c', 'copy', ...FRONT], format: 'mp4' },
  encode: {
    words: 'a video',
    output: [...STREAMS, ...ENCODED, '-c:a', 'aac', '-b:a', '96k', '-ac', '2', ...FRONT],
    format: 'mp4',
  },
}

/** Makes the small picture that is shown before a video plays. */
export const PREVIEW: Recipe = {
  words: 'a preview',
  output: ['-map', '0:v:0', '-frames:v', '1', '-vf', `scale='min(${PREVIEW_SIDE},iw)':-2`, '-q:v', '6'],
  format: 'mjpeg',
}

/** Makes the silent video that WhatsApp shows as a GIF, of a GIF or of a video. */
export const GIF: Recipe = {
  words: 'a GIF',
  output: ['-map', '0:v:0', ...ENCODED, '-an', ...FRONT],
  format: 'mp4',
}

/** The table of contents of a file. `isInPlace`: an MP4 file with it at its front. */
type Contents = { moov: Buffer; isInPlace: boolean }

/** Reads the structure of a file that begins as MP4 or QuickTime (ISO 14496-12). Null for one without a table of contents. */
async function contentsOf(path: string): Promise<Contents | null> {
  const file = await open(path, 'r')
  try {
    const head = Buffer.alloc(16)
    let at = 0
    let brand = ''
    let isFront = true
    for (let box = 0; box < MAX_BOXES; box += 1) {
      const { bytesRead } = await file.read(head, 0, 16, at)
      if (bytesRead < 16) return null
      const kind = head.toString('latin1', 4, 8)
      const short = head.readUInt32BE(0)
      // 1: the size needs 64 bits, which follow the kind.
      const size = short === 1 ? Number(head.readBigUInt64BE(8)) : short
      // From such a place Node 20 reads on where it is, and later versions throw.
      if (size < 8 || !Number.isSafeInteger(at + size)) return null
      if (kind === 'ftyp') brand = head.toString('latin1', 8, 12)
      if (kind === 'mdat') isFront = false
      if (kind === 'moov') {
        if (size > MAX_MOOV_BYTES) return null
        const moov = Buffer.alloc(size)
        await file.read(moov, 0, size, at)
        return { moov, isInPlace: brand !== 'qt  ' && isFront }
      }
      at += size
    }
    return null
  } finally {
    await file.close()
  }
}

/** What a video file needs to be played. A file without a structure is to be encoded. @throws the error of the operating system */
export async function videoState(path: string): Promise<VideoState> {
  const contents = await contentsOf(path)
  return contents === null ? 'encode' : stateOf(codecsIn(contents.moov), contents.isInPlace)
}

/** True if phones play the sound of this file: it begins as MP4, and has AAC only. Throws as {@link videoState}. */
export async function isAac(path: string): Promise<boolean> {
  const contents = await contentsOf(path)
  const codecs = contents === null ? [] : codecsIn(contents.moov)
  return codecs.length > 0 && codecs.every((codec) => codec === 'mp4a')
}

/** The length of a video, and the size of its picture as it is shown. */
export type VideoFacts = { seconds: number; width: number; height: number }

/** Returns the facts of an MP4 file; null if it does not say them. Throws as {@link videoState}. */
export async function videoFacts(path: string): Promise<VideoFacts | null> {
  const contents = await contentsOf(path)
  if (contents === null) return null
  const { moov } = contents
  try {
    const seconds = secondsIn(moov)
    const shown = sizeIn(moov)
    return seconds > 0 && shown !== null ? { seconds, ...shown } : null
  } catch (error) {
    // Its boxes end before their fields.
    if (error instanceof RangeError) return null
    throw error
  }
}

function secondsIn(moov: Buffer): number {
  const at = moov.indexOf('mvhd')
  if (at < 0) return 0
  const isLong = moov.readUInt8(at + 4) === 1
  const scale = moov.readUInt32BE(at + (isLong ? 24 : 16))
  const length = isLong ? Number(moov.readBigUInt64BE(at + 28)) : moov.readUInt32BE(at + 20)
  return scale === 0 ? 0 : length / scale
}

/** Of the first track with a picture: at the end of its header, behind the matrix that turns it. */
function sizeIn(moov: Buffer): { width: number; height: number } | null {
  for (const at of placesOf(moov, 'tkhd')) {
    if (at < 4) continue
    const end = at - 4 + moov.readUInt32BE(at - 4)
    const [width, height] = [moov.readUInt16BE(end - 8), moov.readUInt16BE(end - 4)]
    if (width === 0 || height === 0) continue
    const isTurned = moov.readInt32BE(end - 44) === 0
    return isTurned ? { width: height, height: width } : { width, height }
  }
  return null
}

/** The codec of each track: the first sample entry of its `stsd`. */
function codecsIn(moov: Buffer): string[] {
  const found: string[] = []
  for (const at of placesOf(moov, 'stsd'))
    if (at + 20 <= moov.length) found.push(moov.toString('latin1', at + 16, at + 20))
  return found
}

/** Where a box of each track begins, at its name. A hostile file can have millions of such names. */
function* placesOf(moov: Buffer, kind: string): Generator<number> {
  let at = moov.indexOf(kind)
  for (let tracks = 0; at >= 0 && tracks < MAX_TRACKS; tracks += 1) {
    yield at
    at = moov.indexOf(kind, at + 4)
  }
}

const H264 = new Set(['avc1', 'avc3'])
/** Codecs of other tracks that phones do not play. */
const OTHERS =
  /^(hvc1|hev1|mp4v|av01|vp08|vp09|dvh1|ap4.|apc.|s263|alac|ac-3|ec-3|samr|sawb|\.mp3|Opus|fLaC|sowt|twos|lpcm|in24)$/

function stateOf(codecs: readonly string[], isInPlace: boolean): VideoState {
  if (!codecs.some((codec) => H264.has(codec)) || codecs.some((codec) => OTHERS.test(codec))) return 'encode'
  return isInPlace && codecs.every((codec) => H264.has(codec) || codec === 'mp4a') ? 'ready' : 'repack'
}
