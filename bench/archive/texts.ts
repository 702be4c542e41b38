/** Texts as people write them: mostly short, in several scripts, always the same for a seed. */

export type Texts = {
  /** From 0 up to 1. */
  random(): number
  text(): string
}

const WORDS = [
  ...'yes no maybe later today tomorrow dinner train meeting the a we you I can will see call home work thanks'.split(
    ' ',
  ),
  ...'ja nein heute morgen Fahrrad Bahn über Straße gut danke'.split(' '),
  ...'да нет завтра спасибо встреча дом'.split(' '),
  ...'你好 明天 见面 谢谢 电梯 今天'.split(' '),
  ...'مرحبا غدا شكرا اليوم'.split(' '),
  ...'👍 😂 ❤️ 🙏'.split(' '),
]

export function createTexts(seed: number): Texts {
  let state = seed
  // xorshift32 (Marsaglia 2003): enough to be uneven, and the same everywhere.
  const random = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  const word = () => WORDS[Math.floor(random() * WORDS.length)] ?? ''
  return {
    random,
    text: () => Array.from({ length: 1 + Math.floor(random() ** 2 * 30) }, word).join(' '),
  }
}
