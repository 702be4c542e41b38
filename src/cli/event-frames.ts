/** Server-sent events of this server, as they arrive. */

/** `id`: the position in the log, also of a frame without data. `kind`, `data`: empty if the frame has none. */
export type Frame = { id: string; kind: string; data: string }

/** Yields each frame of the stream, also those that only move the position, which other parsers leave out. */
export async function* framesOf(body: AsyncIterable<Uint8Array> | null): AsyncGenerator<Frame> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body ?? []) {
    const blocks = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) yield toFrame(block)
  }
}

function toFrame(block: string): Frame {
  const fields = new Map(block.split('\n').map((line) => [line.split(':')[0], line.replace(/^[^:]*: ?/, '')]))
  return { id: fields.get('id') ?? '', kind: fields.get('event') ?? '', data: fields.get('data') ?? '' }
}
