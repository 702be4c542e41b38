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
  words: WordRules
}

/** The field of a message that has the words of its media: `transcript` for voice notes and audio, `text` for documents. */
export type WordKind = 'transcript' | 'text'
export const WORD_TYPES: Readonly<Record<WordKind, readonly string[]>> = {
  transcript: ['ptt', 'audio'],
  text: ['document'],
}

/** The programs that find the words in media on this computer. */
export type WordRules = {
  /** The words of their command lines; null: none. */
  commands: Readonly<Record<WordKind, readonly string[] | null>>
  /** Limits of one run. */
  ms: number
  memoryBytes: number
}

/** Everything that is asked for is kept, without limits that matter. */
export const MEDIA_ON_DEMAND: MediaRules = {
  download: 'on-demand',
  maxBytes: 2 ** 30,
  quotaBytes: 2 ** 40,
  eagerMaxBytes: 0,
  eagerTypes: [],
  words: { commands: { transcript: null, text: null }, ms: 60_000, memoryBytes: 2 ** 30 },
}
