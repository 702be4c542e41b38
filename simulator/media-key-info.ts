/** What the keys of media are derived with; shared by phones and pages. */

const infos: Record<string, string> = {
  image: 'Image',
  sticker: 'Image',
  video: 'Video',
  gif: 'Video',
  audio: 'Audio',
  ptt: 'Audio',
  document: 'Document',
}

/** The `info` of the HKDF for a type of message. Throws for a type without media. */
export function mediaKeyInfo(type: string): string {
  const name = infos[type]
  if (name === undefined) throw new Error(`no media of type ${type}`)
  return `WhatsApp ${name} Keys`
}
