/** Numbers from 0 to below `end`, the same for the same seed (a linear congruential generator). */
export function createRandom(seed: number): (end: number) => number {
  let state = seed
  return (end) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * end)
  }
}
