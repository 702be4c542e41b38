import { describe, expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import { AppError } from '../errors.ts'
import { toJid } from '../model/ids.ts'
import { type Caller, OWNER } from './call.ts'
import { createLinkedCaller, createMediaLinks, type Linked } from './media-links.ts'

const MESSAGE = 'false_15551234567@c.us_3EB0A1'
const HIDDEN = toJid('15550001104@c.us')
const clock = createTestClock()
const links = createMediaLinks('a secret', clock)
const key: Caller = { ...OWNER, id: 'key_1', scopes: new Set(['read']) }
const callers = new Map([OWNER, key].map((one) => [one.id, one]))
const callerOf = (id: string) => callers.get(id) ?? null
const linkedCaller = createLinkedCaller({ links, callerOf, hideChats: [HIDDEN] })

const made = (more: Partial<Linked> = {}) =>
  links.make({ account: 'default', caller: key.id, face: 'mcp', message: MESSAGE, ...more }).path
const queryOf = (path: string) => Object.fromEntries(new URL(path, 'http://x').searchParams)

/** The caller who opens this link, or the code of the error. */
function opened(path: string, change: Record<string, string> = {}, account = 'default') {
  try {
    return linkedCaller({ account, message: MESSAGE }, { ...queryOf(path), ...change })
  } catch (error) {
    return error instanceof AppError ? error.code : expect.fail(String(error))
  }
}

describe('a link', () => {
  it.each([
    ['a client of MCP', { caller: 'owner', face: 'mcp' }, [HIDDEN]],
    ['the keyless owner', { caller: 'owner', face: 'rest' }, null],
    ['a key', { caller: 'key_1', face: 'rest' }, [HIDDEN]],
  ] as const)('shows what %s sees', (_, to, hide) => {
    expect(opened(made(to))).toMatchObject({ id: to.caller, sees: hide && { only: null, hide } })
  })

  it.each([
    ['another caller', { caller: 'owner' }],
    ['another face', { face: 'rest' }],
    ['a later end', { expires: '9999999999' }],
    ['another signature', { signature: 'x' }],
  ])('is not one with %s', (_, change) => {
    expect(opened(made(), change)).toBe('link_invalid')
  })

  it('is of one account and one message, and of nobody once its caller is gone', () => {
    expect(opened(made(), {}, 'work')).toBe('link_invalid')
    expect(opened(made({ message: 'false_15551234567@c.us_3EB0A2' }))).toBe('link_invalid')
    expect(opened(made({ caller: 'key_2' }))).toBe('link_invalid')
  })

  it('ends after an hour, and a query without a signature is none', () => {
    const path = made()
    clock.advance(3_590_000)
    expect(opened(path)).toMatchObject({ id: key.id })
    clock.advance(20_000)
    expect(opened(path)).toBe('link_invalid')
    expect(linkedCaller({ account: 'default', message: MESSAGE }, {})).toBe(null)
  })
})
