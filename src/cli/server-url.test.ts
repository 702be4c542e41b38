import { expect, it } from 'vitest'
import { toServerUrl } from './server-url.ts'

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
