import { describe, expect, it } from 'vitest'
import { createMatcher, fold } from './fold.ts'

describe('folding', () => {
  it.each([
    ['Jürgen', 'jurgen'],
    ['STRAẞE', 'strasse'],
    ['İstanbul', 'istanbul'],
    ['ısparta', 'isparta'],
    ['Łódź', 'lodz'],
    ['Smørrebrød', 'smorrebrod'],
    ['ΟΔΥΣΣΕΥΣ', 'οδυσσευσ'],
    ['Ἀθῆναι', 'αθηναι'],
    ['Йод', 'иод'],
    ['王小明', '王小明'],
    ['ＡＢＣ', 'abc'],
    ['が', 'か\u3099'],
    ['مُحَمَّد', 'محمد'],
    ['أحمد', 'احمد'],
    ['علی', 'علي'],
    ['שָׁלוֹם', 'שלום'],
    ['A\u200bn\u00adn\u202ea', 'anna'],
    ['👨‍👩‍👧', '👨👩👧'],
    ['❤️', '❤'],
    ['٢٠٢٥ ۲۰۲۵ २०२५', '2025 2025 2025'],
    ['ज़रूर', 'जरूर'],
    ['Cola™', 'colatm'],
    ['O’Brien Oʼ´`', "o'brien o''`"],
    ['„Haus“ «12»', '"haus" "12"'],
    ['Jean‐Luc – Jean−Luc', 'jean-luc - jean-luc'],
    ['A\u3164\u115f\u034fb', 'ab'],
    ['', ''],
  ])('%s is %s', (text, folded) => {
    expect(fold(text)).toBe(folded)
    expect(fold(text)).toBe(folded)
  })
})

describe('a match', () => {
  it.each([
    ['anna', 'Anna Müller', '', true],
    ['muller anna', 'Anna Müller', '', true],
    ['anna x', 'Anna Müller', '', false],
    [' ', 'Anna', '', false],
    ['\u200b', 'Anna', '', false],
    ['+49 (30) 123', '', '4930123456', true],
    ['030 123', '', '4930123456', true],
    ['0012', '', '4930123456', false],
    ['0', '', '4930123456', true],
    ['٠٣٠ ١٢٣', '', '4930123456', true],
    ['456', '', '', false],
    ['4x', '', '4930123456', false],
    ['ben, anna m', 'Anna Müller', '', true],
    ['ben، anna', 'Anna Müller', '', true],
    ['ben, carl', 'Anna Müller', '', false],
    ['Müller, Anna', 'Müller, Anna', '', true],
    ['ben, 030 123', '', '4930123456', true],
    [',', 'Anna', '', false],
    ['ben,', 'Anna', '', false],
  ])('of %j in %j and %j: %j', (query, names, digits, matches) => {
    expect(createMatcher(query)(fold(names), digits)).toBe(matches)
  })
})
