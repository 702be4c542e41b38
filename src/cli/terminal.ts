/** What commands say to people: lines, a drawing that is redrawn in place, a question. */
import { createInterface } from 'node:readline/promises'
import { escapeInLine } from '../json.ts'

/** Text of other people, such as an account's name, as one line that cannot steer the terminal. */
export function plain(text: string): string {
  return escapeInLine(text)
}

export type Screen = {
  /** One line. What was drawn before it stays where it is. */
  say(line: string): void
  /** A block of lines; on a terminal it takes the place of the one drawn before, if nothing was said since. */
  draw(block: string): void
  /** Is there room for a block of this many columns? */
  fits(columns: number): boolean
}

/** What a screen needs of standard output or standard error. */
type Output = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> & { write(text: string): unknown }

/** A screen on this stream; without a terminal everything simply follows each other. */
export function openScreen(stream: Output): Screen {
  let drawnLines = 0
  return {
    say(line) {
      drawnLines = 0
      stream.write(`${line}\n`)
    },
    draw(block) {
      const lines = block.replace(/\n$/, '').split('\n')
      if (!stream.isTTY) return void stream.write(`${lines.join('\n')}\n`)
      const back = drawnLines === 0 ? '' : `\u001b[${drawnLines}A\u001b[J`
      // The code's light parts are the ink: white on black, whatever the colours of the terminal are.
      const painted = lines.map((line) => `\u001b[97;40m${line}\u001b[0m\n`)
      stream.write(back + painted.join(''))
      drawnLines = lines.length
    },
    // A terminal that does not tell its width counts as wide enough.
    fits: (columns) => !stream.isTTY || !stream.columns || stream.columns >= columns,
  }
}

/** Does somebody sit in front of this process who can answer? */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** Asks on standard error; true only for an explicit yes. */
export async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim())
  } finally {
    lines.close()
  }
}
