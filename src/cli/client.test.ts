/** What a command says about the URL that was given, and while a request waits. */
import { afterEach, expect, it, vi } from 'vitest'
import { play } from '../../test/program.ts'
import { createPauseNotice, givenUrl, openApi } from './client.ts'

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

it('says that requests wait at first, then every 30 s, and that one ended only after it said so', () => {
  vi.useFakeTimers()
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const said = () => write.mock.calls.splice(0).map(([text]) => String(text).replace(/\n$/, ''))
  try {
    const notice = createPauseNotice()
    notice.ends()
    for (let seconds = 0; seconds < 65; seconds += 1) {
      notice.waits(1_000)
      vi.advanceTimersByTime(1_000)
    }
    expect(said()).toEqual(Array(3).fill('There is no outcome yet. Trying again in 1 s.'))
    notice.ends()
    notice.waits(1_000)
    notice.ends()
    expect(said()).toEqual(['There is an outcome now.'])
  } finally {
    write.mockRestore()
    vi.useRealTimers()
  }
})

it('the requests of a client that wait share a notice', async () => {
  let asked = 0
  const busy = JSON.stringify({
    status: 503,
    code: 'server_busy',
    retry: 'safe',
    detail: 'Busy.',
    hint: 'Wait.',
  })
  const server = await play(
    (_, answer) => {
      asked += 1
      if (asked % 2 === 1)
        answer.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '0' }).end(busy)
      else answer.end('{}')
    },
    { isOurs: true },
  )
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const api = openApi({ url: server.url, isNamed: true, retries: 1 })
  for (let calls = 0; calls < 3; calls += 1) await api.get('/api/status')
  server.close()
  expect(asked).toBe(6)
  expect(write.mock.calls.map(([text]) => text)).toEqual([
    'There is no outcome yet. Trying again in 0 s.\n',
    'There is an outcome now.\n',
  ])
})
