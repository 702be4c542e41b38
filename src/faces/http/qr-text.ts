/** GET /qr for terminals: the code in half blocks, or in one line what is going on. */
import QRCode from 'qrcode'
import type { Status } from '../../model/status.ts'
import { explain, headline } from './qr-page.ts'

/**
 * The code is drawn for dark terminals: its light parts are the ink, its dark parts are spaces. `qr` is the text to
 * show, or null for none.
 */
export async function renderQrText(status: Status, qr: string | null): Promise<string> {
  if (qr === null) {
    const lines = status.state === 'stopped' ? explain(status) : [headline(status), ...explain(status)]
    return `${lines.map(oneLine).join(' ')}\n`
  }
  const text = await QRCode.toString(qr, {
    type: 'utf8',
    errorCorrectionLevel: 'L',
    margin: 2,
    // qrcode draws inverted where dark is white (qrcode 1.5.4, lib/renderer/utf8.js).
    color: { dark: '#ffffff', light: '#000000' },
  })
  return `${text.trimEnd()}\n`
}

/** Names and errors are other people's text: nothing in it may steer the terminal. */
function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim()
  return /[.!?…]$/.test(line) ? line : `${line}.`
}
