/** The QR code in a tool's answer: for hosts that show images, for those that show text only, and as an address. */
import type { ContentBlock } from '@modelcontextprotocol/server'
import type { Grant } from '../../operations/door.ts'
import { drawQrImage, drawQrText } from '../../qr-drawing.ts'

/** It is the person who needs it, with the phone in hand; to the model it says nothing. */
const FOR_THE_USER = { audience: ['user' as const] }

/**
 * What to add to an answer while a QR code waits to be scanned: an image, a drawing in text, and a line with its expiry
 * and the page that always shows the newest one. Nothing where none waits.
 */
export async function qrContent({
  session,
  status,
  mcpUrl,
}: Pick<Grant<'admin'>, 'session' | 'status' | 'mcpUrl'>): Promise<ContentBlock[]> {
  const qr = session.qr()
  const { state, pairing } = status()
  if (qr === null || state !== 'qr') return []
  const [image, drawing] = await Promise.all([drawQrImage(qr), drawQrText(qr)])
  const until = pairing === null ? '' : `This code is valid until ${pairing.expires_at}. `
  return [
    {
      type: 'image',
      data: image.slice(image.indexOf(',') + 1),
      mimeType: 'image/png',
      annotations: FOR_THE_USER,
    },
    { type: 'text', text: drawing, annotations: FOR_THE_USER },
    {
      type: 'text',
      text: `Show the user the QR code: on the phone, WhatsApp > Linked devices > Link a device. ${until}The newest one is always at ${new URL('/qr', mcpUrl)}`,
    },
  ]
}
