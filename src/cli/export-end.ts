/** Checks that an export is complete. The last line of JSON Lines marks the end; a connection can close cleanly before it. */

/** The last line is always shorter. */
const TAIL_BYTES = 200

/** Watches an export while it arrives. */
export type EndWatch = {
  /** Reads the next chunk. */
  see(chunk: Uint8Array): void
  /** True if the last line, with its line break, marks the end. */
  isWhole(): boolean
}

/** Returns a watch for an export in JSON Lines. It must see every chunk. */
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
