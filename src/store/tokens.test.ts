import { describe, expect, it } from 'vitest'
import { foldForSearch, indexTextOf, tokensOf } from './tokens.ts'

const tokens = (text: string) => tokensOf(foldForSearch(text)).map((token) => token.text)

describe('tokens', () => {
  it.each([
    ['Wir müssen reden, JÜRGEN!', 'wir mussen reden jurgen'],
    ["don't  l’eau", 'don t l eau'],
    ['snake_case a*b "c" NOT(d)', 'snake case a b c not d'],
    ['Встреча в ЙОШКАР-Оле', 'встреча в иошкар оле'],
    ['مُحَمَّد كِتَاب ٢٠٢٥', 'محمد كتاب 2025'],
    ['हिन्दी में ज़रूर', 'हिन्दी में जरूर'],
    ['电梯坏了', '电梯 梯坏 坏了 了'],
    ['你', '你'],
    ['iPhone好用 ok', 'iphone 好用 用 ok'],
    ['東京タワーへ', '東京 京タ タワ ワー ーへ へ'],
    ['ｶﾞｽ', 'ガス ス'],
    ['がか', 'がか か'],
    ['학교에서', '학교 교에 에서 서'],
    ['สวัสดี', 'สว วั ัส สด ดี ี'],
    ['👍🏽 ok❤️', '👍 ok ❤'],
    ['👨‍👩‍👧', '👨 👩 👧'],
    ['🇩🇪🇫🇷', '🇩🇪 🇫🇷'],
    ['50€ + $5', '50 € + $ 5'],
    ['50€ + 5 Cola™', '50 € + 5 colatm'],
    ['\u200b\u202e . , – … \0', ''],
    ['\ud800 a', 'a'],
  ])('of %j are %j', (text, expected) => {
    expect(tokens(text).join(' ')).toBe(expected)
  })

  it('are cut where no word is so long', () => {
    expect(tokens('x'.repeat(10_000)).map((token) => token.length)).toEqual([64])
  })

  it('say where in the folded text they stand', () => {
    const folded = foldForSearch('ab 电梯坏')
    expect(tokensOf(folded).map(({ start, end }) => folded.slice(start, end))).toEqual([
      'ab',
      '电梯',
      '梯坏',
      '坏',
    ])
  })
})

describe('what is indexed of a message', () => {
  const message = {
    body: 'Plan B',
    further: '',
    isNotice: false,
    type: 'chat',
    sender: 0,
    chat: 12,
    kind: 'direct',
  } as const

  it('is its text and the facts to narrow by', () => {
    expect(indexTextOf(message)).toBe('plan b _c12 _s0')
  })

  it('has fewer tokens without a sender, and more in groups and for other types than text', () => {
    expect(indexTextOf({ ...message, sender: -1, kind: 'channel', type: 'e2e_x' })).toBe(
      'plan b _c12 _kchannel _t _te2e_x',
    )
  })

  it('is the name of a file apart from its caption', () => {
    expect(indexTextOf({ ...message, type: 'document', further: 'Übersicht.pdf' })).toBe(
      'plan b _c12 _s0 _t _tdocument ubersicht pdf',
    )
  })

  it('is each character once, of scripts without spaces', () => {
    expect(indexTextOf({ ...message, body: '好人好' })).toBe('好人 人好 好 _c12 _s0 _好 _人')
  })

  it.each(['', ' . ', '\u200d'])('is nothing of %j', (body) => {
    expect(indexTextOf({ ...message, body })).toBeNull()
  })
})
