/** Writes a web stream of server-sent events to a connection: escaped, with heartbeats, and with backpressure. */
import type { ServerResponse } from 'node:http'
import type { Clock } from '../../clock.ts'
import { escapeInJson, needsEscape } from '../../json.ts'

/** A comment is sent after this time without events, because proxies and clients close silent connections. */
const HEARTBEAT_MS = 15_000
/** A client that does not read within this time is disconnected. */
const STALLED_MS = 60_000
const LINE_FEED = 0x0a

/** Runs until the stream or the connection ends, then ends `raw`. Never throws. Each chunk must hold whole events. */
export async function pipeEvents(
  body: ReadableStream<Uint8Array>,
  raw: ServerResponse,
  clock: Clock,
): Promise<void> {
  const reader = body.getReader()
  // Chunks may split a character, and escaping works on characters.
  const decoder = new TextDecoder()
  let endedWhole = true
  let cancelBeat = () => {}
  const beat = () => {
    cancelBeat()
    cancelBeat = clock.after(HEARTBEAT_MS, () => {
      if (!raw.writableNeedDrain) raw.write(': keepalive\n\n')
      beat()
    })
  }
  raw.once('close', () => void reader.cancel().catch(() => {}))
  beat()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const { value } = next
      // Most chunks need no escaping. They are decoded only if they do, or if a split leaves a character open.
      const startsWhole = endedWhole
      endedWhole = value.at(-1) === LINE_FEED
      const isFine = startsWhole && endedWhole && !needsEscape(value)
      const written = isFine ? value : escapeInJson(decoder.decode(value, { stream: true }))
      if (written.length > 0 && !raw.write(written)) await taken(raw, clock)
      beat()
    }
    raw.end()
  } catch {
    raw.destroy()
  } finally {
    cancelBeat()
  }
}

/** Waits until the client has read the data or the connection is closed. Closes it after `STALLED_MS`. */
function taken(raw: ServerResponse, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(STALLED_MS, () => raw.destroy())
    const finish = () => {
      cancel()
      raw.off('drain', finish).off('close', finish)
      resolve()
    }
    raw.once('drain', finish).once('close', finish)
    if (raw.destroyed) finish()
  })
}
