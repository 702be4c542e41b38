import { describe, expect, it } from 'vitest'
import { openScreen, printable } from './terminal.ts'

describe('printable', () => {
  it('leaves nothing that steers a terminal, and text as it is', () => {
    expect(printable('a\u001b[2Jb\nc\u009bd\u202ee')).toBe('a\\u001b[2Jb\\u000ac\\u009bd\\u202ee')
    expect(printable('A\u200eB\u200fC\u061c')).toBe('A\\u200eB\\u200fC\\u061c')
    expect(printable('Jürgen 🚲 王小明 يوسف')).toBe('Jürgen 🚲 王小明 يوسف')
  })
})

describe('openScreen', () => {
  const open = (isTTY: boolean, columns = 80) => {
    const written: string[] = []
    return { written, screen: openScreen({ isTTY, columns, write: (text) => written.push(text) }) }
  }

  it('redraws a block in place, but never over what was said', () => {
    const { written, screen } = open(true)
    screen.draw('one\ntwo\n')
    screen.draw('three\n')
    screen.say('ready')
    screen.draw('four\n')
    // Two lines up, then everything below is cleared; the colours are set for each line.
    expect(written).toEqual([
      '\u001b[97;40mone\u001b[0m\n\u001b[97;40mtwo\u001b[0m\n',
      '\u001b[2A\u001b[J\u001b[97;40mthree\u001b[0m\n',
      'ready\n',
      '\u001b[97;40mfour\u001b[0m\n',
    ])
  })

  it('writes nothing but text where there is no terminal', () => {
    const { written, screen } = open(false)
    screen.draw('one\n')
    screen.draw('two\n')
    expect(written).toEqual(['one\n', 'two\n'])
    expect(screen.fits(1_000)).toBe(true)
  })

  it('knows how wide the terminal is', () => {
    expect([open(true).screen.fits(80), open(true).screen.fits(81)]).toEqual([true, false])
    expect(open(true, 0).screen.fits(81)).toBe(true)
  })
})
