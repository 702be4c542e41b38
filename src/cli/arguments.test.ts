import { describe, expect, it } from 'vitest'
import { ConfigError, SETTINGS } from '../config.ts'
import { parseArguments, UsageError } from './arguments.ts'
import { COMMANDS, commandOf, wordsOf } from './commands.ts'
import { renderHelp } from './help.ts'
import { installed } from './words.ts'

/** The command that these words begin with, and the words after its name. */
const take = (words: string[]) => {
  const found = commandOf(words)
  if (found === undefined) throw new Error(`there is no ${words}`)
  return [found, words.slice(wordsOf(found).length)] as const
}
const parse = (line: string) => parseArguments(...take(line.split(' ')))

describe('parseArguments', () => {
  it.each([
    ['serve --port 9000', { WHATSAPP_MCP_PORT: '9000' }],
    ['serve --port=9000 --port 9001', { WHATSAPP_MCP_PORT: '9001' }],
    ['serve --headless=false', { WHATSAPP_HEADLESS: 'false' }],
    ['serve --no-headless', { WHATSAPP_HEADLESS: 'false' }],
    ['serve --headless', { WHATSAPP_HEADLESS: 'true' }],
    ['serve --chrome-executable=', { WHATSAPP_CHROME_EXECUTABLE: '' }],
    ['doctor --auth-dir /a --json', { WHATSAPP_AUTH_DIR: '/a' }],
  ])('reads the settings of %s', (line, settings) => {
    expect(parse(line)?.settings).toEqual(settings)
  })

  it('reads the flags of a command, with their defaults', () => {
    expect(parse('sandbox --linked --phone-port 0')?.flags).toMatchObject({
      linked: true,
      port: 8890,
      'phone-port': 0,
      pace: 'realistic',
      seed: 1,
    })
    expect(parse('auth --phone +15551234567 --json')?.flags).toMatchObject({
      phone: '15551234567',
      json: true,
    })
  })

  it('keeps the spaces around a text for people, and of no other value', () => {
    const argv = ['outbox', 'edit', 'ob_1', '--message', ' - one\n', '--send-at', ' later ']
    expect(parseArguments(...take(argv))?.flags).toMatchObject({ message: ' - one\n', 'send-at': 'later' })
  })

  it('keeps what is no flag apart', () => {
    expect(parse('send +15551234567 -')?.operands).toEqual(['+15551234567', '-'])
    expect(parse('send --json 15551234567 -- --help')?.operands).toEqual(['15551234567', '--help'])
  })

  it.each([
    ['serve --wat', 'serve has no flag --wat.'],
    ['serve -p', 'serve has no flag -p.'],
    ['serve --no-port', 'serve has no flag --no-port.'],
    ['status --auth-dir /a', 'status has no flag --auth-dir.'],
    ['serve --port', '--port requires a value: --port PORT.'],
    ['serve --port --no-headless', '--port requires a value: --port PORT.'],
    ['serve now', 'serve takes only flags, and "now" is not a flag.'],
    ['send', 'send requires CHAT, but got 0 arguments.'],
    [
      'send 1 two words',
      'send takes CHAT and [MESSAGE], but got 3 arguments. Put text with spaces in quotes.',
    ],
    ['send 1 -hello', 'send has no flag -hello. Put -- before a text that begins with a dash.'],
    ['send 1 --help=me', 'send has no flag --help. Put -- before a text that begins with a dash.'],
    [
      'call send_to_chat --message -hello',
      'call has no flag -hello. Write a value that begins with a dash as name=VALUE.',
    ],
  ])('refuses %s', (line, message) => {
    expect(() => parse(line)).toThrow(new UsageError(message))
  })

  it.each([
    ['sandbox --pace fast', 'The value of --pace is not allowed. Allowed: one of none, realistic.'],
    [
      'sandbox --phone-port 99999',
      'The value of --phone-port is not allowed. Allowed: a whole number from 0 to 65535.',
    ],
    ['sandbox --linked=perhaps', 'The value of --linked is not allowed. Allowed: true or false.'],
    [
      'auth --phone 12',
      'The value of --phone is not allowed. Allowed: a phone number of 8 to 15 digits, country code included.',
    ],
    [
      'status --url nowhere',
      'The value of --url is not allowed. Allowed: a URL such as http://127.0.0.1:8790.',
    ],
    [
      'status --url ftp://x',
      'The value of --url is not allowed. Allowed: a URL such as http://127.0.0.1:8790.',
    ],
  ])('refuses %s with name and what is allowed', (line, message) => {
    expect(() => parse(line)).toThrow(new ConfigError(message))
  })

  it.each(['serve --help', 'send -h', 'send --help --json'])('helps at %s', (line) => {
    expect(parse(line)).toBeNull()
  })
})

describe('every command', () => {
  it('has no flag twice', () => {
    for (const { flags, settings } of COMMANDS) {
      const names = [
        ...Object.keys(flags),
        ...settings.map((name) => SETTINGS[name].flag).filter((flag) => flag !== null),
      ]
      expect(new Set([...names, 'help']).size).toBe(names.length + 1)
    }
  })

  it.each(COMMANDS.flatMap(({ examples }) => examples))('has an example that it takes: %s', (line) => {
    const words = [...line.replace(/ <.*/, '').matchAll(/'([^']*)'|(\S+)/g)].map(
      ([, quoted, bare]) => quoted ?? bare ?? '',
    )
    const [command, argv] = take(words)
    expect(parseArguments(command, argv)).not.toBeNull()
    expect(renderHelp(command, installed)).toContain(`  ${installed(line)}\n`)
  })
})
