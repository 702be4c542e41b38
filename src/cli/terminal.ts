/** Output of commands for people: lines, a drawing that is redrawn in place, a question. */
import { createInterface } from 'node:readline/promises'
import { escapeInJson, escapeInLine } from '../json.ts'

/** Escapes foreign text, such as an account's name, to one line that cannot control the terminal. */
export function printable(text: string): string {
  return escapeInLine(text)
}

/** Returns the value as indented JSON, ended. Foreign text in it cannot control the terminal, and is equal after parsing. */
export function jsonLines(value: unknown): string {
  return `${escapeInJson(JSON.stringify(value, null, 2))}\n`
}

/** Prints the value as JSON, or the text for people, on standard output. */
export function print(json: boolean, value: unknown, text: string): void {
  process.stdout.write(json ? jsonLines(value) : text)
}

export type Screen = {
  /** Prints one line. An earlier drawing stays in place. */
  say(line: string): void
  /** Draws a block of lines. On a terminal it replaces the last drawing, unless `say` was called in between. */
  draw(block: string): void
  /** True if a block of this many columns fits. */
  fits(columns: number): boolean
}

/** The part of standard output or standard error that a screen uses. */
type Output = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> & { write(text: string): unknown }

/** Returns a screen on this stream. Without a terminal, drawings follow each other. */
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
      // The light parts of the code are drawn: white on black, independent of the terminal's colours.
      const painted = lines.map((line) => `\u001b[97;40m${line}\u001b[0m\n`)
      stream.write(back + painted.join(''))
      drawnLines = lines.length
    },
    // A terminal of unknown width counts as wide enough.
    fits: (columns) => !stream.isTTY || !stream.columns || stream.columns >= columns,
  }
}

/** True if a person can answer a question: standard input and standard error are a terminal. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** Asks on standard error. Resolves with true only for an explicit yes. */
export async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim())
  } finally {
    lines.close()
  }
}
