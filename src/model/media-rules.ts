/** Which media is fetched from WhatsApp and kept, as the owner set it. */

/** Kinds of media in settings, and the types of their messages in whatsapp-web.js. */
export const MEDIA_KINDS: Readonly<Record<string, string>> = {
  image: 'image',
  voice: 'ptt',
  audio: 'audio',
  video: 'video',
  document: 'document',
  sticker: 'sticker',
}

export type MediaRules = {
  download: 'never' | 'on-demand' | 'eager'
  /** Larger media is not fetched. */
  maxBytes: number
  /** The space for all files of one account. */
  quotaBytes: number
  eagerMaxBytes: number
  /** Types of messages in whatsapp-web.js. */
  eagerTypes: string[]
}

/** Everything that is asked for is kept, without limits that matter. */
export const MEDIA_ON_DEMAND: MediaRules = {
  download: 'on-demand',
  maxBytes: 2 ** 30,
  quotaBytes: 2 ** 40,
  eagerMaxBytes: 0,
  eagerTypes: [],
}
