/** What a phone checks before it shows a file as this type of message: container, codec, size, waveform. */
import type { MediaType, WorldMedia } from '../world-types.ts'

type Check = (bytes: Buffer, media: WorldMedia) => string | null

const checks: Record<MediaType, Check> = {
  image: (bytes) =>
    begins(bytes, 0, '\xff\xd8\xff') || begins(bytes, 0, '\x89PNG')
      ? null
      : 'The picture is neither JPEG nor PNG.',
  video: checkVideo,
  audio: checkAudio,
  ptt: checkVoice,
  document: () => null,
  sticker: checkSticker,
}

/** Null if the phone can show it; else a sentence. */
export function checkMedia(type: MediaType, bytes: Buffer, media: WorldMedia): string | null {
  return checks[type](bytes, media)
}

/** MP4 with H.264 and at most AAC, and its table of contents before the data. */
function checkVideo(bytes: Buffer): string | null {
  if (!begins(bytes, 4, 'ftyp')) return 'The video is not an MP4 file.'
  const codecs = codecsOf(bytes)
  if (!codecs.includes('avc1')) return 'The video is not H.264.'
  const other = codecs.find((codec) => codec !== 'avc1' && codec !== 'mp4a')
  if (other !== undefined) return `The video has a track of ${other}.`
  return bytes.indexOf('moov') < bytes.indexOf('mdat') ? null : 'The video begins only when it is here whole.'
}

/** MP3, AAC, AMR, Opus in Ogg, or AAC in MP4. */
function checkAudio(bytes: Buffer): string | null {
  if (['ID3', '\xff\xfb', '\xff\xf3', '\xff\xe3', '#!AMR', '\xff\xf1'].some((sign) => begins(bytes, 0, sign)))
    return null
  if (begins(bytes, 0, 'OggS')) return bytes.includes('OpusHead') ? null : 'The audio is Ogg without Opus.'
  if (!begins(bytes, 4, 'ftyp')) return 'The audio has a container that is not known.'
  const other = codecsOf(bytes).find((codec) => codec !== 'mp4a')
  return other === undefined ? null : `The audio has a track of ${other}.`
}

/** The codecs of the tracks of an MP4 file: the first entry of each list of sample descriptions. */
function codecsOf(bytes: Buffer): string[] {
  const found: string[] = []
  for (let at = bytes.indexOf('stsd'); at >= 0 && at + 20 <= bytes.length; at = bytes.indexOf('stsd', at + 4))
    found.push(bytes.toString('latin1', at + 16, at + 20))
  return found
}

/** Voice notes are Opus in Ogg, mono at 48 kHz; the wave has 64 values from 0 to 100. */
function checkVoice(bytes: Buffer, { seconds, waveform, mimetype }: WorldMedia): string | null {
  const head = bytes.indexOf('OpusHead')
  if (!begins(bytes, 0, 'OggS') || head < 0) return 'The voice note is not Opus in Ogg.'
  if (bytes.readUInt8(head + 9) !== 1) return 'The voice note is not mono.'
  if (bytes.readUInt32LE(head + 12) !== 48_000) return 'The voice note is not at 48 kHz.'
  if (!/^audio\/ogg; codecs=opus$/.test(mimetype)) return `The voice note has the type ${mimetype}.`
  if (waveform === undefined || waveform.length !== 64) return 'The voice note has no wave of 64 values.'
  if (waveform.some((value) => !(value >= 0 && value <= 100))) return 'The wave is out of range.'
  return seconds === undefined || seconds < 1 ? 'The voice note has no length.' : null
}

function checkSticker(bytes: Buffer): string | null {
  if (!begins(bytes, 0, 'RIFF') || !begins(bytes, 8, 'WEBP')) return 'The sticker is not WebP.'
  const [width, height] = webpSize(bytes)
  if (width !== 512 || height !== 512) return `The sticker is ${width} × ${height} instead of 512 × 512.`
  if (bytes.length > 500_000) return 'The sticker is larger than 500 KB.'
  return animationMs(bytes) > 10_100 ? 'The sticker is longer than 10 s.' : null
}

/** Of all frames; 0 for a picture. */
function animationMs(bytes: Buffer): number {
  let ms = 0
  for (let at = bytes.indexOf('ANMF'); at >= 0 && at + 23 <= bytes.length; ) {
    ms += bytes.readUIntLE(at + 20, 3)
    const size = bytes.readUInt32LE(at + 4)
    at = bytes.indexOf('ANMF', at + 8 + size)
  }
  return ms
}

/** Width and height of a WebP file (developers.google.com/speed/webp/docs/riff_container). */
function webpSize(bytes: Buffer): [number, number] {
  const kind = bytes.toString('latin1', 12, 16)
  if (kind === 'VP8X') return [bytes.readUIntLE(24, 3) + 1, bytes.readUIntLE(27, 3) + 1]
  if (kind === 'VP8L') {
    const packed = bytes.readUInt32LE(21)
    return [(packed & 0x3fff) + 1, ((packed >> 14) & 0x3fff) + 1]
  }
  return [bytes.readUInt16LE(26) & 0x3fff, bytes.readUInt16LE(28) & 0x3fff]
}

function begins(bytes: Buffer, at: number, sign: string): boolean {
  return bytes.toString('latin1', at, at + sign.length) === sign
}
