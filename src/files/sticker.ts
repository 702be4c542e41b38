/** Stickers: WebP of 512 × 512 pixels, still or animated. */
import type { Recipe } from './ffmpeg.ts'

const SIDE = 512
/** The largest sticker that phones show, in bytes. */
export const MAX_STICKER_BYTES = 500_000
/** The longest animation in seconds that phones show. */
export const LONGEST_S = 10
/** Where an animation is cut: after more than phones show, so that its length says that it is too long. */
const MEASURED_S = LONGEST_S + 1

const FITTED = `scale=${SIDE}:${SIDE}:force_original_aspect_ratio=decrease,format=rgba,pad=${SIDE}:${SIDE}:-1:-1:color=black@0`

/** Makes a sticker of a picture. */
export const STICKER: Recipe = {
  words: 'a sticker',
  output: ['-vf', FITTED, '-frames:v', '1', '-c:v', 'libwebp', '-quality', '80'],
  format: 'webp',
}

/** Make an animated sticker of a GIF or a video, of at most {@link MEASURED_S}: the first one that is small enough is used. */
export const ANIMATED: readonly Recipe[] = [
  [15, 60],
  [10, 30],
  [6, 10],
].map(([rate, quality]) => ({
  words: 'an animated sticker',
  output: [
    ...['-map', '0:v:0', '-an', '-t', String(MEASURED_S), '-vf', `fps=${rate},${FITTED}`],
    ...['-c:v', 'libwebp_anim', '-loop', '0', '-quality', String(quality)],
  ],
  format: 'webp',
}))

/** True if these are the first bytes of a sticker as phones show it (developers.google.com/speed/webp/docs/riff_container). */
export function isSticker(head: Uint8Array): boolean {
  const { width, height } = webpOf(head)
  return width === SIDE && height === SIDE
}

/** The length of an animated WebP in seconds: the sum of its frames; 0 for a picture. Reads what is there of a broken file. */
export function webpSeconds(bytes: Buffer): number {
  let ms = 0
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32LE(at + 4)
    if (bytes.toString('latin1', at, at + 4) === 'ANMF' && at + 23 <= bytes.length)
      ms += bytes.readUIntLE(at + 20, 3)
    // Chunks have an even number of bytes.
    at += 8 + size + (size % 2)
  }
  return ms / 1_000
}

/** True for an animated WebP. */
export const isAnimated = (head: Uint8Array): boolean => webpOf(head).animated

function webpOf(head: Uint8Array): { width: number; height: number; animated: boolean } {
  const bytes = Buffer.from(head)
  const none = { width: 0, height: 0, animated: false }
  if (bytes.length < 30 || bytes.toString('latin1', 8, 12) !== 'WEBP') return none
  switch (bytes.toString('latin1', 12, 16)) {
    case 'VP8X':
      return {
        width: bytes.readUIntLE(24, 3) + 1,
        height: bytes.readUIntLE(27, 3) + 1,
        animated: (bytes.readUInt8(20) & 2) !== 0,
      }
    case 'VP8L': {
      const packed = bytes.readUInt32LE(21)
      return { ...none, width: (packed & 0x3fff) + 1, height: ((packed >> 14) & 0x3fff) + 1 }
    }
    case 'VP8 ':
      return { ...none, width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff }
    default:
      return none
  }
}
