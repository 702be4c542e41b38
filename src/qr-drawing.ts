/** QR codes drawn for every face that shows one: as an image, and as text. The content of a code is never written out. */

/** Width and height of the image, in pixels. */
export const QR_SIZE_PX = 360
/** Scanners need this much white around the code, which a dark page does not give (ISO/IEC 18004). */
const QUIET_MODULES = 4

/** Loaded with the first code, because a linked server draws none. */
const loadLibrary = () => import('qrcode')

/** The code as a PNG of 360×360 pixels, as a data URL. */
export async function drawQrImage(qr: string): Promise<string> {
  const { default: QRCode } = await loadLibrary()
  return QRCode.toDataURL(qr, { width: QR_SIZE_PX, margin: QUIET_MODULES })
}

/** The code in half blocks, for dark terminals: its light parts are the ink, its dark parts are spaces. Ends with its last line. */
export async function drawQrText(qr: string): Promise<string> {
  const { default: QRCode } = await loadLibrary()
  const text = await QRCode.toString(qr, {
    type: 'utf8',
    errorCorrectionLevel: 'L',
    margin: 2,
    // qrcode draws inverted where dark is white (qrcode 1.5.4, lib/renderer/utf8.js).
    color: { dark: '#ffffff', light: '#000000' },
  })
  return text.trimEnd()
}
