import { describe, expect, it } from 'vitest'
import type { Status } from '../../model/status.ts'
import { renderQrPage } from './qr-page.ts'

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
  sync: null,
  archive: null,
}
const MARKUP = `<img src=x onerror='alert("1")'>&`

describe('renderQrPage', () => {
  it("shows other people's text as text", async () => {
    const named = { ...status, account: { wid: '1@c.us', pushname: MARKUP, platform: null } }
    for (const shown of [named, { ...status, state: 'disconnected' as const, last_error: MARKUP }]) {
      const page = await renderQrPage(shown, null)
      expect(page).not.toContain('<img')
      expect(page).toContain('&#60;img src=x onerror=&#39;alert(&#34;1&#34;)&#39;&#62;&#38;')
    }
  })

  it('shows a code only where there is one', async () => {
    expect(await renderQrPage(status, null)).not.toContain('data:image')
    const page = await renderQrPage({ ...status, state: 'qr' }, '2@x')
    expect(page).toContain('<img src="data:image/png;base64,')
    expect(page).not.toContain('2@x')
  })
})
