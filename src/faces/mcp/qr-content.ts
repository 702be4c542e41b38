/** The QR code in a tool result: as an image, as text for clients without images, and as an address. */
import type { ContentBlock } from '@modelcontextprotocol/server'
import type { Grant } from '../../operations/door.ts'
import { drawQrImage, drawQrText } from '../../qr-drawing.ts'

/** The QR code is for the user, who scans it with the phone. The model has no use for it. */
const FOR_THE_USER = { audience: ['user' as const] }

/**
 * Returns the content to add to a result while a QR code is valid: an image, a text drawing, and a line with its expiry and
 * the page that always shows the current code. Returns an empty list if there is no QR code.
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
      text: `Show the QR code to the user. On the phone: WhatsApp > Linked devices > Link a device. ${until}The current code is always at ${new URL('qr', mcpUrl)}`,
    },
  ]
}
