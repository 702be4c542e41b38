import { describe, expect, it } from 'vitest'
import { escapeInJson, escapeInText, needsEscape, parseJson, toJson } from './json.ts'

describe('toJson', () => {
  it.each(['\u0007', '\u001b[2J', '\u007f', '\u009b2J', '\u2028', '\u202e', '\u2066', '\u200f', '\u061c'])(
    'escapes the control %j and loses nothing',
    (text) => {
      const json = toJson({ text: `a${text}b` })
      expect(json).toMatch(/^[\x20-\x7e]*$/)
      expect(JSON.parse(json)).toEqual({ text: `a${text}b` })
    },
  )

  it('leaves other text as it is', () => {
    expect(toJson({ text: 'Zoë 👍 王' })).toBe('{"text":"Zoë 👍 王"}')
  })
})

describe('escapeInText', () => {
  it('leaves lines, and makes all else that steers visible', () => {
    expect(escapeInText('a\r\n\tb\u001b[2J\u202e\u0000王')).toBe(
      'a\\u000d\n\\u0009b\\u001b[2J\\u202e\\u0000王',
    )
  })
})

it('characters to escape are recognised by their bytes', () => {
  const wrong: string[] = []
  for (let code = 0; code < 0x1_1000; code += 1) {
    if (code >= 0xd800 && code < 0xe000) continue
    const text = `a${String.fromCodePoint(code)}é王👍`
    if (needsEscape(new TextEncoder().encode(text)) !== (escapeInJson(text) !== text))
      wrong.push(code.toString(16))
  }
  expect(wrong).toEqual([])
})

describe('parseJson', () => {
  const bytes = (text: string) => new TextEncoder().encode(text)

  it.each(['{"a":"Grüße 👋"}', '"\\ud83d\\udc4b"', '"\\\\ud83d"', '\ufeff{"a":1}'])('reads %s', (text) => {
    expect(parseJson(bytes(text))).toEqual(JSON.parse(text.replace('\ufeff', '')))
  })

  it.each([
    ['{', 'is not JSON.'],
    ['', 'is not JSON.'],
    ['"\\ud83d"', 'half of a surrogate pair'],
    ['["\\udc4b\\ud83d"]', 'half of a surrogate pair'],
    ['{"a":{"\\uD800":1}}', 'half of a surrogate pair'],
    [`${'['.repeat(100_000)}"\\udfff"${']'.repeat(100_000)}`, 'half of a surrogate pair'],
  ])('refuses %.40s', (text, why) => {
    expect(() => parseJson(bytes(text))).toThrow(why)
  })

  it('refuses bytes that are not UTF-8', () => {
    for (const wrong of [Buffer.from('"Grüße"', 'latin1'), Buffer.from([34, 0xed, 0xa0, 0x80, 34])])
      expect(() => parseJson(wrong)).toThrow('is not valid UTF-8.')
  })
})
