/** Texts for searching: a vocabulary of which few words are common and most are rare, as in every language (Zipf's law). */
import { createTexts } from '../archive/texts.ts'

export type SearchTexts = {
  /** From 0 up to 1. */
  random(): number
  text(): string
}

/** Words that the questions of the benchmark are about, with how many of a million messages have them, about. */
export const ASKED = {
  common: { word: 'morgen', share: 0.4 },
  second: { word: 'treffen', share: 0.02 },
  rare: { word: 'Fahrradschloss', share: 0.00003 },
  rareHan: { word: '钥匙', share: 0.00003 },
} as const

const SYLLABLES =
  'ba be bi bo bu da de di do du ga ge gi go gu ka ke ki ko ku la le li lo lu ma me mi mo mu ra re ri ro'.split(
    ' ',
  )
/** The most frequent characters first. */
const HAN = [
  ...'的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然',
  ...'没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二',
  ...'理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信',
  ...'北少关并内加化由却代军产入先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提',
]

/** @param seed the same texts for the same one */
export function createSearchTexts(seed: number): SearchTexts {
  const { random, text: shortText } = createTexts(seed)
  // Rank r comes about 1/r as often as the first: r = N^u, for u even between 0 and 1.
  const word = () => {
    const rank = Math.floor(60_000 ** random())
    let [name, rest] = ['', rank * 7_919 + 13]
    do {
      name += SYLLABLES[rest % SYLLABLES.length] ?? ''
      rest = Math.floor(rest / SYLLABLES.length)
    } while (rest > 0)
    return name
  }
  const han = () =>
    Array.from(
      { length: 2 + Math.floor(random() * 14) },
      () => HAN[Math.floor(HAN.length * random() ** 2)] ?? '',
    ).join('')
  return {
    random,
    text() {
      const kind = random()
      const words =
        kind < 0.15
          ? [han()]
          : kind < 0.3
            ? [shortText()]
            : Array.from({ length: 1 + Math.floor(random() ** 2 * 25) }, word)
      for (const { word: asked, share } of Object.values(ASKED)) if (random() < share) words.push(asked)
      return words.sort(() => random() - 0.5).join(' ')
    },
  }
}
