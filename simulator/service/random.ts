/** Everything of the service that looks random, from one seed: the same seed gives the same world. */

export type Random = {
  /** Uniform in [0, 1). */
  fraction(): number
  /** Whole number in [from, to]. */
  between(from: number, to: number): number
  /** `length` characters out of `alphabet`. */
  text(length: number, alphabet: string): string
  hex(length: number): string
  /** Base64 of `size` bytes. */
  base64(size: number): string
}

/** Mulberry32 (public domain, Tommy Ettinger): small, fast, good enough for a double; never for secrets. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  const between = (from: number, to: number): number => from + Math.floor(fraction() * (to - from + 1))
  const text = (length: number, alphabet: string): string =>
    Array.from({ length }, () => alphabet.charAt(between(0, alphabet.length - 1))).join('')
  return {
    fraction,
    between,
    text,
    hex: (length) => text(length, '0123456789ABCDEF'),
    base64: (size) => Buffer.from(Array.from({ length: size }, () => between(0, 255))).toString('base64'),
  }
}
