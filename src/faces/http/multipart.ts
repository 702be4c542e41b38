/** Reads a multipart form (RFC 7578) part by part, as it arrives. Holds one piece of it in memory, whatever it contains. */
import { fail } from '../../errors.ts'

/** One part. Read its pieces to their end before the next part. `filename`: null if it is a text. */
export type Part = {
  name: string
  filename: string | null
  /** Its header Content-Type. */
  type: string | undefined
  pieces: AsyncIterable<Buffer>
}

/** A form of this server has a handful of fields. */
const MOST_PARTS = 32
const MAX_HEAD_BYTES = 8_192
/** A byte order mark is a part of a text. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Returns the boundary that a Content-Type names, or null (RFC 2046, 5.1.1). */
export function boundaryOf(type: string): string | null {
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s";,]{1,70}))/i.exec(type) ?? []
  return quoted ?? bare ?? null
}

/** Yields the parts. @throws AppError `malformed_request` if it is not a form, or ends early; the error of the stream */
export async function* readParts(stream: AsyncIterable<Buffer>, boundary: string): AsyncGenerator<Part> {
  const { take, until } = createReader(stream)
  const delimiter = `\r\n--${boundary}`
  // The text before the first delimiter has no meaning (RFC 2046, 5.1.1).
  await whole(until(delimiter))
  for (let count = 0; (await take(2)) !== '--'; count += 1) {
    if (count === MOST_PARTS) malformed(`has more than ${MOST_PARTS} parts`)
    yield { ...describe(await wholeText(until('\r\n\r\n'))), pieces: until(delimiter) }
  }
}

/** Returns the text of the pieces. @throws AppError `malformed_request` if it is not UTF-8, or longer than `maxBytes` */
export async function wholeText(pieces: AsyncIterable<Buffer>, maxBytes?: number): Promise<string> {
  const bytes = await whole(pieces, maxBytes)
  try {
    return decoder.decode(bytes)
  } catch {
    return malformed('is not UTF-8')
  }
}

async function whole(pieces: AsyncIterable<Buffer>, maxBytes = MAX_HEAD_BYTES): Promise<Buffer> {
  const found: Buffer[] = []
  let size = 0
  for await (const piece of pieces) {
    size += piece.length
    if (size > maxBytes) malformed(`has more than ${maxBytes} bytes where there is no file`)
    found.push(piece)
  }
  return Buffer.concat(found)
}

function createReader(stream: AsyncIterable<Buffer>) {
  const source = stream[Symbol.asyncIterator]()
  // A form may begin with its first delimiter, without the line break.
  let held = Buffer.from('\r\n')

  async function more(): Promise<void> {
    const { done, value } = await source.next()
    if (done) malformed('ends early')
    held = Buffer.concat([held, value])
  }

  return {
    /** Returns the next bytes as text. */
    async take(bytes: number): Promise<string> {
      while (held.length < bytes) await more()
      const taken = held.toString('latin1', 0, bytes)
      held = held.subarray(bytes)
      return taken
    },
    /** Yields what comes before this mark, and reads the mark. */
    async *until(mark: string): AsyncGenerator<Buffer> {
      for (;;) {
        const at = held.indexOf(mark)
        // The end of what is held may be the beginning of the mark.
        const sure = at >= 0 ? at : Math.max(0, held.length - mark.length + 1)
        const piece = held.subarray(0, sure)
        held = held.subarray(at >= 0 ? at + mark.length : sure)
        if (piece.length > 0) yield piece
        if (at >= 0) return
        await more()
      }
    },
  }
}

function describe(head: string): Omit<Part, 'pieces'> {
  const headers = new Map<string, string>()
  for (const line of head.split('\r\n')) {
    const [, name, value = ''] = /^([^:\s]+):\s*(.*)$/s.exec(line) ?? []
    if (name !== undefined) headers.set(name.toLowerCase(), value)
  }
  const disposition = headers.get('content-disposition') ?? ''
  const name = parameterOf(disposition, 'name')
  if (!/^form-data\b/i.test(disposition) || name === null) return malformed('has a part without a name')
  return { name, filename: parameterOf(disposition, 'filename'), type: headers.get('content-type') }
}

/** Browsers write a quotation mark as %22, other clients as \" (HTML, "multipart form data"; RFC 7230, 3.2.6). */
function parameterOf(disposition: string, name: string): string | null {
  const [, quoted, bare] =
    new RegExp(`;\\s*${name}=(?:"((?:\\\\.|[^"\\\\])*)"|([^\\s";]+))`, 'is').exec(disposition) ?? []
  return quoted?.replace(/\\(["\\])/g, '$1').replaceAll('%22', '"') ?? bare ?? null
}

function malformed(how: string): never {
  return fail('malformed_request', {
    detail: `The multipart form ${how}.`,
    hint: 'Send it as curl -F file=@photo.jpg does.',
  })
}
