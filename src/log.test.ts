import { describe, expect, it } from 'vitest'
import { createChatHash, createLog } from './log.ts'

function collect(readable: boolean) {
  const lines: string[] = []
  return { lines, log: createLog({ level: 'info', readable, write: (line) => lines.push(line) }) }
}

describe('createLog', () => {
  it('blanks numbers and addresses in errors, their causes and stacks', () => {
    const { lines, log } = collect(false)
    const cause = new TypeError('no chat with 15551234567@c.us')
    log.error({ err: new Error('sending to 15551234567 failed', { cause }) }, 'failed')
    log.error({ err: 'thrown for 15551234567' }, 'failed')
    expect(lines.join()).not.toMatch(/\d{11}|c\.us/)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      err: { type: 'Error', message: 'sending to … failed', cause: { message: 'no chat with …' } },
    })
  })

  it.each([true, false])('lets no C1 or bidi control through (readable: %s)', (readable) => {
    const { lines, log } = collect(readable)
    log.warn({ fact: '\u009b2J' }, '\u202e')
    expect(lines.join()).toMatch(/^[\x20-\x7e\n]*$/)
  })

  it('lets no text steer the terminal', () => {
    const { lines, log } = collect(true)
    log.warn({ fact: '\u001b[2J', err: new Error('\u001b[2J') }, 'cleared \u001b[2J')
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toContain('\u001b')
    expect(lines[0]).toContain('warn cleared')
  })
})

describe('createChatHash', () => {
  it('returns one hash for one chat, and another hash with another key', () => {
    const hash = createChatHash('key')
    expect(hash('1@c.us')).toBe(hash('1@c.us'))
    expect(hash('1@c.us')).not.toBe(hash('2@c.us'))
    expect(hash('1@c.us')).not.toBe(createChatHash('other')('1@c.us'))
  })
})
