import { describe, expect, it } from 'vitest'
import type { Status } from '../../model/status.ts'
import { type QrView, renderQrPage } from './qr-page.ts'

const status: Status = {
  state: 'ready',
  ready: true,
  authenticated: true,
  auth_dir: '/a',
  chrome_executable: '/c',
  headless: true,
  has_qr: false,
  last_error: null,
  account: { wid: '15551234567@c.us', pushname: null, platform: null },
  linked: true,
  connected: true,
  since_at: '2025-01-01T00:00:00.000Z',
  reason: null,
  next_step: null,
  pairing: null,
  reconnect: null,
  whatsapp_web_version: null,
  restriction: null,
  memory: null,
  control_problem: null,
  proven_at: null,
  sync: null,
  archive: null,
}
const MARKUP = `<img src=x onerror='alert("1")'>&`

const render = (shown: Partial<Status>, more: Partial<QrView> = {}) =>
  renderQrPage({
    status: { ...status, ...shown },
    qr: null,
    code: null,
    account: 'default',
    mcpUrl: 'http://x/mcp',
    ...more,
  })

describe('renderQrPage', () => {
  it("shows other people's text as text", async () => {
    const account = { wid: '1@c.us', pushname: MARKUP, platform: null }
    for (const shown of [{ account }, { state: 'disconnected' as const, last_error: MARKUP }]) {
      const page = await render(shown)
      expect(page).not.toContain('<img')
      expect(page).toContain('&#60;img src=x onerror=&#39;alert(&#34;1&#34;)&#39;&#62;&#38;')
    }
  })

  it('makes controls in a name visible', async () => {
    const account = { wid: '1@c.us', pushname: 'Ro\u0000b\u001b[31min\u202e\u200f', platform: null }
    const page = await render({ account })
    expect(page).toContain('Linked as Ro\\u0000b\\u001b[31min\\u202e\\u200f<')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(page).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u200f\u202e]/)
  })

  it('names the way to a first message of its own account', async () => {
    expect(await render({})).toContain('/docs#/messages/send_message')
    const page = await render({}, { account: 'work' })
    expect(page).not.toContain('send_message')
    expect(page).toContain('send --account work')
    expect(page).toContain('/api/accounts/work')
  })

  it('shows a QR code only if there is one', async () => {
    expect(await render({})).not.toContain('data:image')
    const page = await render({ state: 'qr' }, { qr: '2@x' })
    expect(page).toContain('<img src="data:image/png;base64,')
    expect(page).not.toContain('2@x')
  })

  it('says that a passkey is to be confirmed', async () => {
    const page = await render({
      state: 'qr',
      linked: false,
      connected: false,
      pairing: { method: 'passkey', expires_at: '2025-01-01T00:01:00.000Z' },
      next_step: 'Confirm the passkey of this account in the browser window.',
    })
    expect(page).toContain('WhatsApp requires a passkey')
    expect(page).toContain('Confirm the passkey')
    expect(page).not.toContain('A new one is loading')
  })

  it('shows a pairing code in two halves, with the time until it expires', async () => {
    const page = await render({ state: 'qr' }, { code: { text: 'ABCD1234', seconds: 65 } })
    expect(page).toContain('ABCD-1234')
    expect(page).toContain('expires in 1:05 minutes')
  })

  it.each([
    ['stopped', 'idle', true],
    ['starting', 'busy', false],
    ['qr', 'busy', false],
    ['authenticated', 'good', false],
    ['ready', 'good', false],
    ['auth_failure', 'bad', true],
    ['disconnected', 'bad', true],
  ] as const)(
    'shows %s in the colour "%s", with a button where one is needed: %s',
    async (state, tone, hasButton) => {
      const page = await render({ state })
      expect(page).toContain(`<span class="state ${tone}">${state}</span>`)
      expect(page.includes('<button>Start</button>')).toBe(hasButton)
    },
  )

  it.each([
    [true, 'Linked, but stopped'],
    [false, 'Not linked yet'],
  ])('has a title for a session that is stopped, linked: %s', async (linked, title) => {
    expect(await render({ state: 'stopped', linked })).toContain(`<title>${title} ·`)
  })

  it('names its button, not a route', async () => {
    const page = await render({
      state: 'stopped',
      next_step: 'This device was removed on the phone. POST /api/auth/start to link it again.',
    })
    expect(page).toContain('on the phone. Press Start to link it again.')
    expect(page).not.toContain('/api/auth/start')
  })
})
