import { expect, it } from 'vitest'
import { splitAccount, toServerUrl } from './server-url.ts'

it.each([
  ['http://127.0.0.1:8790', 'http://127.0.0.1:8790'],
  ['http://127.0.0.1:8790/', 'http://127.0.0.1:8790'],
  ['http://127.0.0.1:8790/mcp', 'http://127.0.0.1:8790'],
  [' HTTP://LocalHost:8790/mcp/ ', 'http://localhost:8790'],
  ['http://[::1]:8790//', 'http://[::1]:8790'],
  ['https://me:secret@example.com/whatsapp/mcp?x=1#y', 'https://example.com/whatsapp'],
  ['https://example.com/my-mcp', 'https://example.com/my-mcp'],
])('%j is %s', (text, url) => expect(toServerUrl(text)).toBe(url))

it.each(['', '127.0.0.1:8790', 'localhost:8790', 'ftp://x', 'http://', 'http:8790'])('%j is none', (text) =>
  expect(toServerUrl(text)).toBeNull(),
)

it.each([
  ['http://127.0.0.1:8790/accounts/work', 'http://127.0.0.1:8790', 'work'],
  ['https://example.com/whatsapp/accounts/work', 'https://example.com/whatsapp', 'work'],
  ['http://127.0.0.1:8790', 'http://127.0.0.1:8790', null],
  ['https://example.com/accounts', 'https://example.com/accounts', null],
])('%j is %s of %s', (named, url, account) => expect(splitAccount(named)).toEqual({ url, account }))
