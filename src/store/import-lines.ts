/** Splits an exported file into lines: UTF-8 only, with a limit per line that protects the memory. */
import { decode, UnfitFileError } from '../read-file.ts'
import { ImportError } from './import-header.ts'

/** A line is one message with its earlier texts, or one chat with its members: far below this. */
const MAX_LINE_BYTES = 64 * 1024 * 1024
const LINE_FEED = 10

/**
 * Yields each line without its line feed; the last one may lack it. A carriage return stays: JSON ignores it. A byte order
 * mark is not part of its line. Not node:readline: it replaces bytes that are not UTF-8, and breaks lines at U+2028, which is valid
 * inside JSON.
 * @throws ImportError `not_an_export` if the first line is not text, `invalid_line` for any other line
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let number = 1
  let pieces: Buffer[] = []
  let size = 0

  function add(piece: Buffer): void {
    size += piece.length
    if (size > MAX_LINE_BYTES) refuse(number, `is longer than ${MAX_LINE_BYTES / 1024 ** 2} MiB`)
    pieces.push(piece)
  }
  function take(): string {
    const line = toText(Buffer.concat(pieces), number)
    number += 1
    pieces = []
    size = 0
    return line
  }

  for await (const chunk of chunks) {
    let begin = 0
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, begin)) {
      add(chunk.subarray(begin, end))
      yield take()
      begin = end + 1
    }
    add(chunk.subarray(begin))
  }
  if (size > 0) yield take()
}

function toText(bytes: Buffer, number: number): string {
  try {
    return decode(bytes)
  } catch (error) {
    if (error instanceof UnfitFileError) refuse(number, error.message)
    throw error
  }
}

function refuse(number: number, what: string): never {
  if (number === 1) throw new ImportError('not_an_export', `The first line ${what}.`)
  throw new ImportError('invalid_line', `Line ${number} ${what}.`)
}
