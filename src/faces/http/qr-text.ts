/** GET /qr for terminals: the QR code in half blocks, or the state of the session in one line. */
import type { Status } from '../../model/status.ts'
import { drawQrText } from '../../qr-drawing.ts'
import { explain, headline } from './qr-words.ts'

/** Returns the text. `qr`: the text of the QR code, or null if there is none. */
export async function renderQrText(status: Status, qr: string | null): Promise<string> {
  if (qr === null) {
    const lines = status.state === 'stopped' ? explain(status) : [headline(status), ...explain(status)]
    return `${lines.map(oneLine).join(' ')}\n`
  }
  return `${await drawQrText(qr)}\n`
}

/** Removes controls: names and errors may come from other people, and must not control the terminal. */
function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim()
  return /[.!?…]$/.test(line) ? line : `${line}.`
}
