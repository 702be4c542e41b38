/** GET /qr for terminals: the code in half blocks, or in one line what is going on. */
import type { Status } from '../../model/status.ts'
import { drawQrText } from '../../qr-drawing.ts'
import { explain, headline } from './qr-words.ts'

/** `qr` is the text to show as a code, or null for none. */
export async function renderQrText(status: Status, qr: string | null): Promise<string> {
  if (qr === null) {
    const lines = status.state === 'stopped' ? explain(status) : [headline(status), ...explain(status)]
    return `${lines.map(oneLine).join(' ')}\n`
  }
  return `${await drawQrText(qr)}\n`
}

/** Names and errors are other people's text: nothing in it may steer the terminal. */
function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim()
  return /[.!?…]$/.test(line) ? line : `${line}.`
}
