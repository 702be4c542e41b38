import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sampleBytes } from '../../simulator/service/media-samples.ts'
import { isVoice, toVoice } from './voice.ts'

const hasFfmpeg = (() => {
  try {
    execFileSync('ffmpeg', ['-version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-voice-'))
})
afterAll(() => rmSync(dir, { recursive: true }))

function file(name: string, bytes: Uint8Array | string): string {
  writeFileSync(join(dir, name), bytes)
  return join(dir, name)
}
async function all(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = []
  for await (const piece of pieces) found.push(piece)
  return Buffer.concat(found)
}

it('knows a voice note by its first bytes', () => {
  expect(isVoice(sampleBytes('ptt', 200, ''))).toBe(true)
  expect(isVoice(sampleBytes('audio', 200, ''))).toBe(false)
  expect(isVoice(Buffer.from('OggS OpusHead'))).toBe(false)
})

it('says that ffmpeg is missing', async () => {
  const path = file('a.mp3', sampleBytes('audio', 504, ''))
  await expect(all(toVoice(path, 'audio/mpeg', 'no-such-program'))).rejects.toMatchObject({
    code: 'needs_ffmpeg',
  })
})

describe.skipIf(!hasFfmpeg)('with ffmpeg', () => {
  it('converts other sounds', async () => {
    expect(isVoice(await all(toVoice(file('b.mp3', sampleBytes('audio', 504, '')), 'audio/mpeg')))).toBe(true)
    const wav = join(dir, 'c.wav')
    execFileSync('ffmpeg', [
      '-loglevel',
      'error',
      '-f',
      'lavfi',
      '-i',
      'sine=440:duration=1',
      '-ac',
      '2',
      wav,
    ])
    expect(isVoice(await all(toVoice(wav, 'audio/wav')))).toBe(true)
    expect(readFileSync(wav).length).toBeGreaterThan(0)
  })

  it.each([
    ['a playlist that names a local file', '#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n', 'audio/mpeg'],
    ['a concat script', "ffconcat version 1.0\nfile '/etc/passwd'\n", 'audio/wav'],
    ['noise', Buffer.alloc(100_000, 7), 'audio/mp4'],
    ['nothing', '', 'audio/mpeg'],
  ])('refuses %s', async (_, bytes, type) => {
    await expect(all(toVoice(file('bad', bytes), type))).rejects.toMatchObject({ code: 'media_refused' })
  })

  it('refuses what is no sound', () => {
    expect(() => toVoice('a', 'application/pdf')).toThrow(expect.objectContaining({ code: 'media_refused' }))
    expect(() => toVoice('a', null)).toThrow(expect.objectContaining({ code: 'media_refused' }))
  })
})
