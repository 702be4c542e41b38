/** What a command says about the URL that was given, and while a request waits. */
import { afterEach, expect, it, vi } from 'vitest'
import { createPauseNotice, givenUrl } from './client.ts'

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

it('says that a request waits at first, then every 10 s', () => {
  vi.useFakeTimers()
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  try {
    const notice = createPauseNotice()
    for (let seconds = 0; seconds < 25; seconds += 1) {
      notice(1_000)
      vi.advanceTimersByTime(1_000)
    }
    expect(write).toHaveBeenCalledTimes(3)
  } finally {
    write.mockRestore()
    vi.useRealTimers()
  }
})
