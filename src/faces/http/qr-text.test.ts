import QRCode from 'qrcode'
import { describe, expect, it } from 'vitest'
import type { Status } from '../../model/status.ts'
import { renderQrText } from './qr-text.ts'

const status: Status = {
  state: 'stopped',
  ready: false,
  authenticated: false,
  auth_dir: '/a',
  chrome_executable: '/c',
  headless: true,
  has_qr: false,
  last_error: null,
  account: null,
  linked: false,
  connected: false,
  since_at: '2025-01-01T00:00:00.000Z',
  reason: null,
  next_step: 'POST /api/auth/start to link an account.',
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

describe('renderQrText', () => {
  it('draws the code module by module, light as ink, with a quiet zone', async () => {
    const secret = '2@AbCd,efGH=,1234567890,ijKL=,1'
    const text = await renderQrText({ ...status, state: 'qr', has_qr: true }, secret)
    const lines = text.trimEnd().split('\n')
    // Each character is two modules, one above the other: is the upper one, is the lower one light?
    const LIGHT: Record<string, [boolean, boolean]> = {
      '█': [true, true],
      '▀': [true, false],
      '▄': [false, true],
      ' ': [false, false],
    }
    const rows = lines.flatMap((line) => {
      const pairs = [...line].map((char) => LIGHT[char] ?? [])
      return [pairs.map(([upper]) => upper), pairs.map(([, lower]) => lower)]
    })
    const { modules } = QRCode.create(secret, { errorCorrectionLevel: 'L' })
    const isDark = (y: number, x: number) =>
      y >= 0 && x >= 0 && y < modules.size && x < modules.size && modules.get(y, x) === 1
    const size = modules.size + 4
    expect(lines[0]).toHaveLength(size)
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) expect(rows[y]?.[x], `${y}:${x}`).toBe(!isDark(y - 2, x - 2))
    expect(text).not.toContain('2@')
  })

  it('describes the session in one line while there is no QR code', async () => {
    expect(await renderQrText(status, null)).toBe(
      'No QR code is available yet. POST /api/auth/start to link an account.\n',
    )
    const named = { ...status, state: 'ready' as const, next_step: null }
    const account = { wid: '1@c.us', pushname: 'Ro\u001b[31mbin\n\u202e', platform: null }
    expect(await renderQrText({ ...named, account }, null)).toBe(
      'Linked as Ro [31mbin. The session is running.\n',
    )
  })
})
