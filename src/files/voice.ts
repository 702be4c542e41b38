/** Sounds: of voice notes WhatsApp plays only Opus in Ogg, mono, at 48 kHz; of other audio also MP3, AAC and AMR. */
import type { Recipe } from './ffmpeg.ts'

/** The media type of a voice note. */
export const VOICE_TYPE = 'audio/ogg; codecs=opus'

/** Makes a voice note of any sound, also of the sound of a video. */
export const VOICE: Recipe = {
  words: 'a voice note',
  output: ['-vn', '-ac', '1', '-ar', '48000', '-c:a', 'libopus', '-b:a', '32k'],
  format: 'ogg',
}

/** Makes an audio file that phones play, of any sound, also of the sound of a video. */
export const AUDIO: Recipe = {
  words: 'an audio file',
  output: ['-vn', '-c:a', 'aac', '-b:a', '128k', '-movflags', '+faststart'],
  format: 'ipod',
}

/** True if these are the first bytes of Opus in Ogg. Phones play no Vorbis. */
export const isOpus = (head: Uint8Array): boolean => Buffer.from(head).includes('OpusHead')

/** Makes the sound that programs for speech recognition read, of any sound. */
export const WAV: Recipe = {
  words: 'WAV',
  output: ['-vn', '-ac', '1', '-ar', '16000', '-c:a', 'pcm_s16le'],
  format: 'wav',
}

/** True if these are the first bytes of a voice note as WhatsApp plays it (RFC 7845, 5.1: channels, then the rate). */
export function isVoice(head: Uint8Array): boolean {
  const bytes = Buffer.from(head)
  const at = bytes.indexOf('OpusHead')
  if (bytes.toString('latin1', 0, 4) !== 'OggS' || at < 0 || bytes.length < at + 16) return false
  return bytes.readUInt8(at + 9) === 1 && bytes.readUInt32LE(at + 12) === 48_000
}
