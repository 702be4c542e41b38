import { describe, expect, it } from 'vitest'
import { parseQuery, toExpression } from './search-query.ts'

const expression = (query: string) => toExpression(parseQuery(query), {})

describe('a query', () => {
  it.each([
    ['Über Straße', '"uber" AND "strasse"'],
    ['"see you" soon', '"see you" AND "soon"'],
    ['meet*', '"meet" *'],
    ['"see yo"*', '"see yo" *'],
    ["don't", '"don t"'],
    ['a@b.example', '"a _x40 b example"'],
    ['a a A', '"a"'],
    ['NOT x OR y', '"not" AND "x" AND "or" AND "y"'],
    ['body:x NEAR(a b)', '"body x" AND "near a" AND "b"'],
    ['a "b', '"a" AND "b"'],
    ['a""b', '"a" AND "b"'],
    ['* a * b', '"a" AND "b"'],
    ['*a a*b', '"a" AND "a b"'],
    ['_c12 _s0', '"c12" AND "s0"'],
    ['梯', '("_梯")'],
    ['电梯', '"电梯"'],
    ['电梯坏*', '"电梯 梯坏"'],
    ['iPhone好', '"iphone 好" *'],
    ['好iPhone', '"好 iphone"'],
    ['"电梯 坏了"', '"电梯 梯 坏了"'],
    ['👍🏽', '"👍"'],
  ])('%j is %s', (query, expected) => {
    // Notices are left out unless they are asked for.
    expect(expression(query)).toBe(`(${expected}) NOT ("_n")`)
    expect(toExpression(parseQuery(query), { notices: true })).toBe(expected)
  })

  it.each(['', ' ', '"', '""', '*', '"*"', '-', '.,;', '\0', '\u200b', '\ud83d'])(
    '%j has nothing to search for',
    (query) => {
      expect(parseQuery(query)).toEqual([])
    },
  )
})

describe('narrowing', () => {
  const narrowed = (scope: Parameters<typeof toExpression>[1]) =>
    toExpression(parseQuery('a'), { ...scope, notices: true })

  it.each([
    [{ chat: 5, sender: 7 }, '"a" AND "_c5" AND "_s7"'],
    [{ fromMe: true }, '"a" AND "_s0"'],
    [{ fromMe: false }, '("a") NOT ("_s0")'],
    [{ types: ['image', 'ptt'] }, '"a" AND ("_timage" OR "_tptt")'],
    [{ types: ['chat'] }, '("a") NOT ("_t")'],
    [{ types: ['chat', 'image'] }, '("a") NOT (("_t" NOT ("_timage")))'],
    [{ kinds: ['group'] as const }, '"a" AND ("_kgroup")'],
    [{ kinds: ['direct', 'group', 'channel', 'broadcast'] as const }, '("a") NOT ("_kstatus" OR "_kother")'],
    [{ kinds: ['direct', 'group', 'channel', 'broadcast', 'status', 'other'] as const }, '"a"'],
  ])('by %j is %s', (scope, expected) => {
    expect(narrowed(scope)).toBe(expected)
  })
})
