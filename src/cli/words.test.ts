/** Every sentence that the server writes for its API, as the command line says it. */
import { afterEach, describe, expect, it } from 'vitest'
import { AppError, ERRORS } from '../errors.ts'
import { commandLineHere, inCheckout, inSentences, installed, inWords, nameServer } from './words.ts'

const URL_OF_SERVER = 'http://127.0.0.1:8790'

describe('a command line', () => {
  it.each([
    ['serve', 'npm start'],
    ['serve --port 9000', 'npm start -- --port 9000'],
    ['auth', 'npm run auth'],
    ['archive encrypt --json', 'npm run archive -- encrypt --json'],
    ['stdio --help', 'node scripts/bootstrap.mjs stdio --help'],
  ])('%s is typed %s in a checkout', (line, expected) => {
    expect(inCheckout(line)).toBe(expected)
    expect(installed(line)).toBe(`whatsapp-mcp-api ${line}`)
  })
})

describe('for a named server', () => {
  const AT = '--url http://127.0.0.1:8890'
  afterEach(() => nameServer('', []))
  it.each([
    ['GET /api/status shows it.', `"npm run status -- ${AT}" shows it.`],
    ['GET /api/accounts/work/chats', `"npm run chats -- ${AT} --account work"`],
    [
      'Run whatsapp-mcp-api outbox approve ob_1 --digest d',
      `Run npm run outbox -- approve ${AT} ob_1 --digest d`,
    ],
    ['Start it with "whatsapp-mcp-api serve".', 'Start it with "npm start".'],
  ])('%s names it once', (text, expected) => {
    nameServer('http://127.0.0.1:8890', ['status', 'chats', 'outbox approve'])
    expect(inWords(inWords(text))).toBe(expected)
  })

  it('a line that names one, or asks for help, stays', () => {
    nameServer('http://127.0.0.1:8890', ['auth'])
    const lines = ['auth --url http://127.0.0.1:1', 'auth --help', 'authentic']
    expect(lines.map(commandLineHere)).toEqual(lines.map(inCheckout))
  })
})

describe('an error', () => {
  it.each([
    [
      new AppError('browser_not_found', { detail: 'No browser was found.', hint: 'Install one.' }),
      'No browser was found. Install one.',
    ],
    [new Error('read ECONNRESET'), 'read ECONNRESET.'],
    ['a text', 'a text.'],
  ])('%s has one full stop, and keeps its next step', (error, expected) => {
    expect(inSentences(error)).toBe(expected)
  })
})

describe('a sentence', () => {
  it.each([
    ['POST /api/auth/start to link an account.', 'Run "npm run auth" to link an account.'],
    ['Close it there, then POST /api/auth/start.', 'Close it there, then run "npm run auth".'],
    ['POST /api/auth/start tries again.', '"npm run auth" tries again.'],
    ['Look at GET /api/status; then wait.', 'Look at "npm run status"; then wait.'],
    [
      'GET /api/chats?query=… finds chats by name.',
      '"npm run chats -- --query NAME --ids" finds chats by name.',
    ],
    [
      'For the current data, use GET /api/chats and GET /api/messages.',
      'For the current data, use "npm run chats" and "npm run messages -- CHAT".',
    ],
    ['GET /openapi.json lists every route.', `${URL_OF_SERVER}/openapi.json lists every route.`],
    ['PUT /api/chats/{chat}/x does it.', 'PUT /api/chats/{chat}/x does it.'],
    ['Scan the code at /qr.', `Scan the code at ${URL_OF_SERVER}/qr.`],
    ['See http://127.0.0.1:1/qr and /tmp/qr/x.', 'See http://127.0.0.1:1/qr and /tmp/qr/x.'],
    ['Run whatsapp-mcp-api archive encrypt with it.', 'Run npm run archive -- encrypt with it.'],
    ['Say: whatsapp-mcp-api logout --yes', 'Say: npm run logout -- --yes'],
    ['Update whatsapp-mcp-api, and look.', 'Update whatsapp-mcp-api, and look.'],
  ])('%s', (text, expected) => expect(inWords(text, URL_OF_SERVER)).toBe(expected))

  it.each(Object.values(ERRORS).map(({ hint }) => hint))('of the API says what to type: %s', (hint) => {
    expect(inWords(hint, URL_OF_SERVER)).not.toMatch(
      /api\/(auth|status|logout|send|pairing|keys|webhooks|outbox|(chats|contacts|messages)(?![\w/]))|GET |whatsapp-mcp-api [a-z]+ /,
    )
  })
})
