/** A web stream of server-sent events onto a connection: escaped, kept alive, and no faster than it is taken. */
import type { ServerResponse } from 'node:http'
import type { Clock } from '../../clock.ts'
import { escapeInJson, needsEscape } from '../../json.ts'

/** A comment where nothing else came: proxies and clients give up on connections on which nothing comes. */
const HEARTBEAT_MS = 15_000
/** A client that has not taken what was written by then is cut off. */
const STALLED_MS = 60_000
const LINE_FEED = 0x0a

/** Until the stream or the connection ends; then `raw` is ended too. Never fails. Each chunk is whole events. */
export async function pipeEvents(
  body: ReadableStream<Uint8Array>,
  raw: ServerResponse,
  clock: Clock,
): Promise<void> {
  const reader = body.getReader()
  // Characters may be cut by the chunks, and what is escaped are characters.
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
      // Nearly always there is nothing to escape. Only where a cut leaves a character open does it have to be read as text.
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

/** Until what was written is taken or the connection is closed, which is done to it after a while. */
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
