/** The rules file: what a rule can say, and what is said of one that is wrong. */
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RulesError, stampOf } from './file-state.ts'
import { parseRules, readRules } from './rules-file.ts'

const SECRET = `whsec_${Buffer.alloc(24, 1).toString('base64')}`

function problemOf(read: () => unknown): { line: number | null; reason: string } {
  try {
    read()
  } catch (error) {
    if (error instanceof RulesError) return { line: error.line, reason: error.message }
    throw error
  }
  throw new Error('there is no problem')
}

describe('a rules file', () => {
  it('says which events a rule takes, and what it does with them', () => {
    const rules = parseRules(`
rules:
  - name: log
    kinds: [message.received, message.edited]
    chats: [15551234567, 120363000000000000@g.us]
    from_me: false
    mentions_me: true
    run: [node, --version]
    timeout_s: 5
  - name: forward
    account: work
    kinds: message.received
    webhook: https://receiver.example/hook
    secret: ${SECRET}
  - name: away
    kinds: message.received
    reply: 'Hello {{name}}, I am away.'
    quote: true
    every_s: 60
`)
    expect(rules).toEqual([
      {
        name: 'log',
        account: 'default',
        filter: {
          kinds: ['message.received', 'message.edited'],
          chats: ['15551234567@c.us', '120363000000000000@g.us'],
          fromMe: false,
          mentionsMe: true,
        },
        action: { does: 'run', command: ['node', '--version'], timeoutMs: 5_000 },
      },
      {
        name: 'forward',
        account: 'work',
        filter: { kinds: ['message.received'], chats: null, fromMe: null, mentionsMe: false },
        action: {
          does: 'webhook',
          url: 'https://receiver.example/hook',
          secret: SECRET.slice('whsec_'.length),
        },
      },
      {
        name: 'away',
        account: 'default',
        filter: { kinds: ['message.received'], chats: null, fromMe: null, mentionsMe: false },
        action: {
          does: 'reply',
          text: 'Hello {{name}}, I am away.',
          quotes: true,
          policy: 'known',
          everyMs: 60_000,
        },
      },
    ])
  })

  it.each(['', '# nothing yet\n', 'rules: []\n'])('without rules has none: %j', (text) => {
    expect(parseRules(text)).toEqual([])
  })

  const rule = (...lines: string[]) =>
    ['rules:', '  - name: one', ...lines.map((line) => `    ${line}`)].join('\n')
  const KINDS = 'kinds: [message.received]'
  it.each<[what: string, text: string, line: number | null, reason: RegExp]>([
    ['YAML that is none', 'rules:\n  - name: "one\n', 3, /quote/i],
    ['a key twice', rule(KINDS, 'run: [a]', 'run: [b]'), 5, /unique/i],
    ['a tag', rule(KINDS, 'run: !!js/function [a]'), 4, /tag/i],
    ['no list', 'one: two\n', null, /"rules": must be a list/],
    ['an unknown field', rule(KINDS, 'exec: [a]'), 4, /"exec": is unknown/],
    ['an unknown kind', rule('kinds:', '  - message.received', '  - message.gone', 'run: [a]'), 5, /"kinds"/],
    ['no kinds', rule('run: [a]'), 2, /"kinds": is required/],
    ['a bad name', 'rules:\n  - name: Über\n    kinds: [message.received]\n    run: [a]\n', 2, /"name"/],
    [
      'a name twice',
      `${rule(KINDS, 'run: [a]')}\n  - name: one\n    ${KINDS}\n    run: [b]\n`,
      5,
      /another rule/,
    ],
    ['a chat that is none', rule(KINDS, 'chats: [everyone]', 'run: [a]'), 4, /phone number/],
    ['no action', rule(KINDS), 2, /exactly one of run, webhook, reply/],
    ['two actions', rule(KINDS, 'run: [a]', 'reply: b'), 5, /exactly one of/],
    ['a line for a shell', rule(KINDS, 'run: rm -rf /'), 4, /"run": must be a list/],
    [
      'a field of another action',
      rule(KINDS, 'run: [a]', 'quote: true'),
      5,
      /does not belong to a rule with run/,
    ],
    ['no secret', rule(KINDS, 'webhook: https://receiver.example/'), 4, /needs a secret/],
    [
      'a short secret',
      rule(KINDS, 'webhook: https://receiver.example/', 'secret: whsec_AAAA'),
      5,
      /"secret"/,
    ],
    ['a URL of a file', rule(KINDS, 'webhook: file:///etc/passwd', `secret: ${SECRET}`), 4, /http or https/],
    ['a reply to own messages', rule('kinds: [message.sent]', 'reply: hello'), 3, /must be message.received/],
    ['a field that no template has', rule(KINDS, 'reply: "{{secret}}"'), 4, /\{\{secret\}\} is unknown/],
    ['a word that every object has', rule(KINDS, 'reply: "{{toString}}"'), 4, /\{\{toString\}\} is unknown/],
    ['an empty reply', rule(KINDS, 'reply: " "'), 4, /empty/],
    ['a policy that sends to nobody', rule(KINDS, 'reply: hello', 'sends: off'), 5, /"sends"/],
    [
      'a time that is text',
      rule(KINDS, 'reply: hello', 'every_s: soon'),
      5,
      /"every_s": must be a whole number$/,
    ],
    ['too long a time', rule(KINDS, 'run: [a]', 'timeout_s: 6000'), 5, /"timeout_s"/],
  ])('with %s is not used, and the line is named', (_, text, line, reason) => {
    const found = problemOf(() => parseRules(text))
    expect(found.reason).toMatch(reason)
    expect(found.reason).not.toMatch(/\.$/)
    expect(found.line).toBe(line)
  })

  it('cannot fill the memory with aliases', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
    for (const [one, other] of ['ab', 'bc', 'cd', 'de', 'ef'].map(([from, to]) => [from, to]))
      bomb.push(`${other}: &${other} [*${one}, *${one}, *${one}, *${one}, *${one}, *${one}, *${one}]`)
    expect(problemOf(() => parseRules(bomb.join('\n'))).reason).toMatch(/alias/i)
  })
})

describe('the file itself', () => {
  let dir: string
  const at = (name: string) => join(dir, name)
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'wma-rules-'))
  })
  afterAll(() => rmSync(dir, { recursive: true }))

  it('has no rules if it does not exist', () => {
    expect([readRules(at('none')), stampOf(at('none'))]).toEqual([[], null])
  })

  it.skipIf(process.getuid === undefined)('is read only if it is of its owner alone', () => {
    const file = at('open')
    writeFileSync(file, 'rules: []\n', { mode: 0o600 })
    const before = stampOf(file)
    expect(readRules(file)).toEqual([])
    for (const mode of [0o640, 0o604, 0o620, 0o602]) {
      chmodSync(file, mode)
      expect(problemOf(() => readRules(file)).reason).toMatch(/open to other users/)
    }
    expect(stampOf(file)).not.toBe(before)
  })

  it.skipIf(process.getuid?.() !== 0)('is not read if it belongs to another user', async () => {
    const { chownSync } = await import('node:fs')
    const file = at('foreign')
    writeFileSync(file, 'rules: []\n', { mode: 0o600 })
    chownSync(file, 65_534, 65_534)
    expect(problemOf(() => readRules(file)).reason).toMatch(/belongs to another user/)
  })

  it('is a file, and no link or folder', () => {
    writeFileSync(at('target'), 'rules: []\n', { mode: 0o600 })
    symlinkSync(at('target'), at('link'))
    expect(problemOf(() => readRules(at('link'))).reason).toBe('The file is a link')
    expect(problemOf(() => readRules(dir)).reason).toBe('The file is not a regular file')
  })

  it('is not larger than 256 KiB', () => {
    writeFileSync(at('large'), '#'.repeat(300_000), { mode: 0o600 })
    expect(problemOf(() => readRules(at('large'))).reason).toMatch(/larger than/)
  })
})
