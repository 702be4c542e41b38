/** Brings a file into the form in which WhatsApp plays it, as an upload of the caller. */
import { readFile } from 'node:fs/promises'
import { AppError, fail } from '../errors.ts'
import { converted, isConvertible, type Recipe, type Source } from '../files/ffmpeg.ts'
import { SNIFFED_BYTES, sniffType, typeByName, UNKNOWN_TYPE } from '../files/media-type.ts'
import {
  ANIMATED,
  isAnimated,
  isSticker,
  LONGEST_S,
  MAX_STICKER_BYTES,
  STICKER,
  webpSeconds,
} from '../files/sticker.ts'
import { type CallerUploads, readHead, type Upload } from '../files/uploads.ts'
import { GIF, isAac, PREVIEW, VIDEO, type VideoFacts, videoFacts, videoState } from '../files/video.ts'
import { AUDIO, isOpus, isVoice, VOICE, VOICE_TYPE } from '../files/voice.ts'

/** How a file can be sent. */
export const AS = ['image', 'video', 'gif', 'audio', 'voice', 'document', 'sticker'] as const
export type As = (typeof AS)[number]

/** A file with its first bytes. */
type Given = Source & { head: Buffer; sizeBytes: number }

/** How a file becomes what WhatsApp plays. */
type Plan = {
  /** The media type that it is sent with. */
  type: string
  /** Tried in this order; none: it is sent unchanged. */
  recipes: readonly Recipe[]
  /** True if WhatsApp Web can send the file unchanged too: it goes so where there is no ffmpeg. */
  isOptional?: true
  /** The largest result in bytes. */
  maxBytes?: number
  /** Fails with `media_refused` if phones do not show the result. */
  check?(path: string): Promise<void>
}

/** Makes the plan for each kind; null: WhatsApp cannot show the file as that. */
const PLANS: Record<Exclude<As, 'document'>, (file: Given) => Promise<Plan | null> | Plan | null> = {
  image: ({ sniffed }) => unchanged(sniffed, /^image\/(jpeg|png|webp|gif)$/),
  async audio({ sniffed, head, path }) {
    if (!isConvertible(sniffed) || !/^(audio|video)\//.test(sniffed ?? '')) return null
    const isPlayed =
      /^audio\/(mpeg|aac|amr)$/.test(sniffed ?? '') ||
      (sniffed === 'audio/ogg' && isOpus(head)) ||
      (sniffed === 'audio/mp4' && (await isAac(path)))
    return isPlayed && sniffed !== null
      ? { type: sniffed, recipes: [] }
      : { type: 'audio/mp4', recipes: [AUDIO] }
  },
  voice: ({ head }) => ({ type: VOICE_TYPE, recipes: isVoice(head) ? [] : [VOICE] }),
  video: ({ sniffed, path }) => planVideo(sniffed, path, [VIDEO.encode]),
  // A video that is only repacked keeps its sound, and a GIF has none: it must be encoded.
  async gif({ sniffed, path }) {
    const plan = await planVideo(sniffed, path, [GIF])
    return plan?.isOptional ? { type: plan.type, recipes: [GIF] } : plan
  },
  async sticker({ sniffed, head, sizeBytes, path }) {
    const type = 'image/webp'
    if (isSticker(head) && sizeBytes <= MAX_STICKER_BYTES) {
      await demandShort(path)
      return { type, recipes: [] }
    }
    if (isAnimated(head))
      fail('media_refused', { detail: 'An animated WebP must have 512 × 512 pixels and at most 500 KB.' })
    if (sniffed === 'image/gif' || /^video\//.test(sniffed ?? ''))
      return { type, recipes: ANIMATED, maxBytes: MAX_STICKER_BYTES, check: demandShort }
    if (!/^image\/(webp|jpeg|png)$/.test(sniffed ?? '')) return null
    return { type, recipes: [STICKER], isOptional: true, maxBytes: MAX_STICKER_BYTES }
  },
}

/** An animation that is cut says something else: its sender shortens it. */
async function demandShort(path: string): Promise<void> {
  if (webpSeconds(await readFile(path)) <= LONGEST_S + 0.1) return
  fail('media_refused', {
    detail: `The animation is longer than ${LONGEST_S} seconds, which is the most that a sticker can have.`,
    hint: 'Nothing was sent. Shorten it, or send it as a GIF or a video.',
  })
}

const unchanged = (type: string | null, shown: RegExp): Plan | null =>
  type !== null && shown.test(type) ? { type, recipes: [] } : null

async function planVideo(
  sniffed: string | null,
  path: string,
  recipes: readonly Recipe[],
): Promise<Plan | null> {
  const type = 'video/mp4'
  if (sniffed === 'image/gif' || sniffed === 'video/webm') return { type, recipes }
  if (!/^video\//.test(sniffed ?? '')) return null
  const state = await videoState(path)
  if (state === 'ready') return { type, recipes: [] }
  if (state === 'encode') return { type, recipes }
  return { type, recipes: [VIDEO.repack, ...recipes], isOptional: true }
}

/** What the bytes are, if the caller does not say. A GIF is shown as one, which is a video. */
function kindOf(mimetype: string): As {
  if (mimetype === 'image/gif') return 'gif'
  const [kind] = mimetype.split('/')
  const isPlayed = kind === 'video' || kind === 'audio' || /^image\/(jpeg|png|webp)$/.test(mimetype)
  return isPlayed ? (kind as 'image' | 'video' | 'audio') : 'document'
}

/** A preview is one frame. */
const PREVIEW_MS = 5_000
const MAX_PREVIEW_BYTES = 2 ** 20

type Stored = Upload & { path: string }

/**
 * Returns the upload to send, and how. `stated`: the media type that the caller says, which counts for documents. `name`: of the
 * file; it says the type where nothing else does. `sounds`: what they become if `as` says nothing. `withinMs`: for all conversions together.
 * @throws AppError `upload_not_found`, `media_refused`, `needs_ffmpeg`, `server_busy`, `disk_full`
 */
export async function prepare(
  id: string,
  {
    as,
    sounds = 'audio',
    stated,
    name,
    withinMs,
  }: {
    as: As | undefined
    sounds?: 'audio' | 'voice' | undefined
    stated: string | undefined
    name: string
    withinMs: number
  },
  uploads: CallerUploads,
): Promise<{ file: Stored; as: As; type: string; look?: VideoLook }> {
  const endsAt = performance.now() + withinMs
  const given = stored(id, uploads)
  const named = given.mimetype === UNKNOWN_TYPE ? typeByName(name) : null
  const type = stated ?? named ?? given.mimetype
  const found = kindOf(type)
  const kind = as ?? (found === 'audio' ? sounds : found)
  if (kind === 'document') return { file: given, as: kind, type }
  const head = await readHead(given.path, 256)
  const sniffed = sniffType(head.subarray(0, SNIFFED_BYTES))
  const plan = await PLANS[kind]({ ...given, head, sniffed })
  if (plan === null)
    fail('media_refused', { detail: `The file is not of a type that WhatsApp shows as ${kind}.` })
  const made = await follow(plan, { ...given, sniffed }, uploads, withinMs)
  const look = plan.type === 'video/mp4' ? await lookOf(made.file.path, endsAt - performance.now()) : null
  return { as: kind, ...made, ...(look && { look }) }
}

/** What phones show of a video before it plays. `preview`: a small JPEG in base64; left out without ffmpeg. */
export type VideoLook = VideoFacts & { preview?: string }

/** Reads them from the file, as a browser without the codec cannot. Null if the file does not have them. */
async function lookOf(path: string, withinMs: number): Promise<VideoLook | null> {
  const facts = await videoFacts(path)
  if (facts === null) return null
  const pieces: Uint8Array[] = []
  try {
    const bounds = { withinMs: Math.max(1, Math.min(withinMs, PREVIEW_MS)), maxBytes: MAX_PREVIEW_BYTES }
    for await (const piece of converted({ path, sniffed: 'video/mp4' }, PREVIEW, bounds)) pieces.push(piece)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return facts
  }
  return { ...facts, preview: Buffer.concat(pieces).toString('base64') }
}

async function follow(
  { type, recipes, isOptional, maxBytes = Infinity, check }: Plan,
  given: Stored & Source,
  uploads: CallerUploads,
  withinMs: number,
): Promise<{ file: Stored; type: string }> {
  if (recipes.length === 0) return { file: given, type }
  const endsAt = performance.now() + withinMs
  let refused: unknown
  for (const recipe of recipes) {
    try {
      const bounds = { withinMs: endsAt - performance.now(), maxBytes: uploads.maxBytes }
      const stream = converted(given, recipe, bounds)
      const { id, sizeBytes } = await uploads.add({ stream, length: null, type })
      if (sizeBytes <= maxBytes) {
        const file = stored(id, uploads)
        await check?.(file.path)
        return { file, type }
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      // What a page converts itself has its own type.
      if (error.code === 'needs_ffmpeg' && isOptional)
        return { file: given, type: type === 'video/mp4' ? type : given.mimetype }
      if (error.code !== 'media_refused') throw error
      refused = error
    }
  }
  if (refused !== undefined) throw refused
  return fail('media_refused', { detail: 'The file is too large for a sticker, even after conversion.' })
}

const stored = (id: string, uploads: CallerUploads): Stored => uploads.find(id) ?? fail('upload_not_found')
