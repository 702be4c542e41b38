/** Pictures, videos, sounds, documents and stickers. */
import wweb from 'whatsapp-web.js'
import type { Outgoing } from '../../engine.ts'
import type { Kind } from './kind.ts'

/** How the library sends each: its own words for it. */
const AS: Record<Outgoing<'media'>['as'], object> = {
  image: {},
  video: {},
  gif: { sendVideoAsGif: true },
  audio: {},
  voice: { sendAudioAsVoice: true },
  // Without it, a picture arrives as a photo without its name (OpenWA#989).
  document: { sendMediaAsDocument: true },
  sticker: { sendMediaAsSticker: true },
}

/** Fields that the page's own preparation sets, except for a video that the browser does not play. */
function fieldsOf({ seconds, width, height, preview }: NonNullable<Outgoing<'media'>['look']>): object {
  const duration = String(Math.max(1, Math.round(seconds)))
  return { duration, width, height, ...(preview && { body: preview }) }
}

export const media: Kind<'media'> = {
  uses: ['send_media', 'send_text'],
  async toLibrary(
    { path, as, mimetype, filename, sizeBytes, caption, mentions, viewOnce, album, look },
    page,
  ) {
    const handle = await page.put(path)
    return {
      // The library passes it on to our function in the page, which knows the bytes by this name (page-media.ts).
      content: new wweb.MessageMedia(mimetype, `whatsappMcp:${handle}`, filename),
      options: { ...AS[as], caption, isViewOnce: viewOnce === true, ...(mentions && { mentions }) },
      extra: {
        whatsappMcpFile: { as, sizeBytes },
        // The library does not set it, and newer builds download nothing without it.
        ...(as === 'sticker' && { mimetype }),
        ...(album && { whatsappMcpAlbum: album }),
        ...(look && fieldsOf(look)),
      },
      done: () => void page.drop(handle),
    }
  },
}
