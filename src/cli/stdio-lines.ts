/** Reads standard input as lines, and reserves standard output for lines of the protocol. */
import { Console } from 'node:console'
import type { Readable } from 'node:stream'

/**
 * Yields the lines of a stream, independent of its chunks. The last line may lack a line break. Does not use
 * node:readline, which also breaks lines at U+2028 and U+2029; JSON may contain these characters.
 */
export async function* linesOf(stream: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let pieces: string[] = []
  for await (const chunk of stream) {
    const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split('\n')
    pieces.push(first)
    for (const other of others) {
      yield pieces.join('')
      pieces = [other]
    }
  }
  pieces.push(decoder.decode())
  yield pieces.join('')
}

export type Output = {
  /** Writes one line. Resolves when the buffer has room, or at once if the output is closed. */
  write(line: string): Promise<void>
  /** Resolves when the reader has closed the output. */
  broken: Promise<void>
  /** Resolves when everything is written. */
  flushed(): Promise<void>
}

/** Reserves standard output. From now on, all other writes to it, such as a library's `console.log`, go to standard error. */
export function takeStdout(): Output {
  const { stdout, stderr } = process
  const send = stdout.write.bind(stdout)
  globalThis.console = new Console(stderr, stderr)
  stdout.write = stderr.write.bind(stderr)
  stderr.on('error', () => {})
  const broken = new Promise<void>((resolve) => {
    // Permanent: Node allows writes to standard output after an error, but each write fails again.
    stdout.on('error', () => resolve())
    stdout.once('close', () => resolve())
  })
  let room: Promise<void> | null = null
  const untilRoom = () => {
    room ??= new Promise<void>((resolve) => stdout.once('drain', resolve)).then(() => {
      room = null
    })
    return Promise.race([room, broken])
  }
  return {
    broken,
    write: (line) => (send(`${line}\n`) ? Promise.resolve() : untilRoom()),
    flushed: () => new Promise((resolve) => void send('', () => resolve())),
  }
}
