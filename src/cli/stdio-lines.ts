/** Standard input as lines, and standard output as a place where nothing but lines of the protocol go. */
import { Console } from 'node:console'
import type { Readable } from 'node:stream'

/**
 * The lines of a stream, however it is cut into pieces; the last one need not be ended. Not node:readline: that breaks
 * lines at U+2028 and U+2029 too, which may stand in JSON as they are.
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
  /** One line; resolves once there is room for more, and at once where nobody reads any more. */
  write(line: string): Promise<void>
  /** Nobody reads any more. */
  broken: Promise<void>
  /** Resolves once all that was written has gone. */
  flushed(): Promise<void>
}

/** Takes standard output: whoever else writes to it, a library's `console.log` too, writes to standard error from now on. */
export function takeStdout(): Output {
  const { stdout, stderr } = process
  const send = stdout.write.bind(stdout)
  globalThis.console = new Console(stderr, stderr)
  stdout.write = stderr.write.bind(stderr)
  stderr.on('error', () => {})
  const broken = new Promise<void>((resolve) => {
    // For good: Node lets standard output be written to again after an error, and each write brings another.
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
