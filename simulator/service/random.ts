/** All random values of the service, from one seed: the same seed gives the same world. */

export type Random = {
  /** Uniform in [0, 1). */
  fraction(): number
  /** An integer in [from, to]. */
  between(from: number, to: number): number
  /** `length` characters from `alphabet`. */
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
  const text = (length: number, alphabet: string): string => {
    let made = ''
    for (let count = 0; count < length; count += 1) made += alphabet.charAt(between(0, alphabet.length - 1))
    return made
  }
  const base64 = (size: number): string => {
    const bytes = Buffer.allocUnsafe(size)
    for (let index = 0; index < size; index += 1) bytes[index] = between(0, 255)
    return bytes.toString('base64')
  }
  return {
    fraction,
    between,
    text,
    hex: (length) => text(length, '0123456789ABCDEF'),
    base64,
  }
}
