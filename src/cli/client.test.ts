/** What a command says about the URL that was given. */
import { afterEach, expect, it, vi } from 'vitest'
import { givenUrl } from './client.ts'

afterEach(() => vi.unstubAllEnvs())

it.each(['user:the-secret@host:8790', 'ftp://user:the-secret@host', 'http://:the-secret@', 'the-secret'])(
  'refuses WHATSAPP_MCP_URL=%s without its text, which may be a secret',
  (url) => {
    vi.stubEnv('WHATSAPP_MCP_URL', url)
    let says = ''
    try {
      givenUrl({ settings: {}, flags: { url: '' } })
    } catch (error) {
      says = String(error)
    }
    expect(says).toContain('The value of WHATSAPP_MCP_URL is not a valid URL.')
    expect(says).not.toContain('the-secret')
  },
)
