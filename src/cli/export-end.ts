/** Did an export come to its end? JSON Lines say so in their last line; a connection may end in good order before it. */

/** Longer than the last line can be. */
const TAIL_BYTES = 200

/** Looks at an export as it comes. */
export type EndWatch = {
  /** The next piece of it. */
  see(chunk: Uint8Array): void
  /** Was the last line, with its line break, the one that says that this is all? */
  isWhole(): boolean
}

/** Of an export in JSON Lines, from its first piece on. */
export function watchEnd(): EndWatch {
  let tail = ''
  return {
    see(chunk) {
      const last = chunk.subarray(Math.max(0, chunk.length - TAIL_BYTES))
      tail = (tail + Buffer.from(last).toString('latin1')).slice(-TAIL_BYTES)
    },
    isWhole: () => /(?:^|\n)\{"line":"end","messages":\d+\}\n$/.test(tail),
  }
}
