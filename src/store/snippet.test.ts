import { describe, expect, it } from 'vitest'
import { createFindHits, parseQuery } from './search-query.ts'
import { snippetOf } from './snippet.ts'

const find = (query: string) => createFindHits(parseQuery(query))

/** The text with `[` and `]` around what is marked. */
function marked(text: string, query: string): string {
  const { text: shown, marks } = snippetOf(text, find(query))
  const characters = [...shown]
  for (const [start, end] of marks.toReversed()) {
    characters.splice(end, 0, ']')
    characters.splice(start, 0, '[')
  }
  return characters.join('')
}

describe('marks', () => {
  it.each([
    ['We meet at the Café', 'cafe', 'We meet at the [Café]'],
    ['STRAẞE, Straße', 'strasse', '[STRAẞE], [Straße]'],
    ['Cafe\u0301 noir', 'café', '[Cafe\u0301] noir'],
    ['meeting to meet', 'meet*', '[meeting] to [meet]'],
    ['see you, see you soon', '"you soon"', 'see you, see [you soon]'],
    ['новый ЙОД', 'иод', 'новый [ЙОД]'],
    ['这个电梯坏了', '电梯坏', '这个[电梯坏]了'],
    ['这个电梯坏了', '梯', '这个电[梯]坏了'],
    ['ｶﾞｽとガス', 'ガス', '[ｶﾞｽ]と[ガス]'],
    ['학교에서', '학교', '[학교]에서'],
    ['학교에서'.normalize('NFD'), '학교', `[${'학교'.normalize('NFD')}]${'에서'.normalize('NFD')}`],
    ['قال مُحَمَّدٌ نعم', 'محمد', 'قال [مُحَمَّدٌ] نعم'],
    ['ठीक है ज़रूर', 'जरूर', 'ठीक है [ज़रूर]'],
    ['👍🏽 gut 👍', '👍', '[👍🏽] gut [👍]'],
    ['nothing', 'x', 'nothing'],
    ['', 'x', ''],
  ])('%j for %j: %j', (text, query, expected) => {
    expect(marked(text, query)).toBe(expected)
  })
})

describe('a snippet', () => {
  it('shows the text around the first hit, cut at both ends', () => {
    const shown = marked(`${'👨‍👩‍👧 '.repeat(300)}needle ${'x '.repeat(300)}`, 'needle')
    expect(shown).toMatch(/^….*\[needle\] x.*…$/su)
    expect([...shown].length).toBeLessThan(500)
  })

  it('shows the end of a text where the hit is there', () => {
    expect(marked(`${'x '.repeat(300)}needle`, 'needle')).toMatch(/^….*\[needle\]$/)
  })

  it('shows the beginning where nothing was hit', () => {
    expect(snippetOf('x'.repeat(300), find('y'))).toEqual({ text: `${'x'.repeat(200)}…`, marks: [] })
  })
})
