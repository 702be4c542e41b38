/** Generated descriptions of media: plausible sizes, lengths and names. */
import type { MediaType, WorldMedia } from '../world-types.ts'
import type { Random } from './random.ts'

/** The smallest JPEG that browsers draw: used for every thumbnail. */
const thumbnail =
  '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA='

const mimetypes: Record<MediaType, string> = {
  image: 'image/jpeg',
  video: 'video/mp4',
  ptt: 'audio/ogg; codecs=opus',
  audio: 'audio/mpeg',
  document: 'application/pdf',
  sticker: 'image/webp',
}

/** From and to, in bytes. */
const sizes: Record<MediaType, [number, number]> = {
  image: [40_000, 400_000],
  video: [500_000, 4_000_000],
  ptt: [4_000, 120_000],
  audio: [500_000, 4_000_000],
  document: [20_000, 5_000_000],
  sticker: [10_000, 90_000],
}

const dimensions: Partial<Record<MediaType, [width: number, height: number]>> = {
  image: [1200, 1600],
  video: [848, 480],
  sticker: [512, 512],
}

const filenames = ['Invoice 2026-03.pdf', 'Übersicht.pdf', '合同.pdf', 'Рецепт.pdf', 'ملف.pdf', 'notes.pdf']

/** True if this type of message is media. */
export function isMediaType(type: string): type is MediaType {
  return Object.hasOwn(mimetypes, type)
}

/** A description of one type; `given` overrides generated values. */
export function makeMedia(random: Random, type: MediaType, given: Partial<WorldMedia>): WorldMedia {
  const size = dimensions[type]
  const isTimed = type === 'video' || type === 'ptt' || type === 'audio'
  return {
    mimetype: mimetypes[type],
    sizeBytes: random.between(...sizes[type]),
    ...(type === 'document'
      ? { filename: filenames[random.between(0, filenames.length - 1)] ?? 'file' }
      : {}),
    ...(isTimed ? { seconds: random.between(2, 180) } : {}),
    ...(type === 'ptt' ? { waveform: Array.from({ length: 64 }, (_, at) => (at * 37) % 101) } : {}),
    ...(size ? { width: size[0], height: size[1] } : {}),
    mediaKey: random.base64(32),
    filehash: random.base64(32),
    encFilehash: random.base64(32),
    directPath: `/v/t62.7118-24/${random.text(20, '0123456789')}_n.enc?ccb=11-4&oh=${random.hex(8)}`,
    thumbnail: type === 'image' || type === 'video' || type === 'document' ? thumbnail : '',
    ...given,
  }
}
