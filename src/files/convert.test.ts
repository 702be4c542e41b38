/** Conversions by the real ffmpeg: what comes out, and what hostile files cost. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { sampleBytes } from '../../simulator/service/media-samples.ts'
import { type Bounds, converted, type Recipe } from './ffmpeg.ts'
import { sniffType } from './media-type.ts'
import { ANIMATED, isAnimated, isSticker, STICKER, webpSeconds } from './sticker.ts'
import { GIF, isAac, PREVIEW, VIDEO, videoFacts, videoState } from './video.ts'
import { AUDIO, isVoice, VOICE } from './voice.ts'

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
  dir = mkdtempSync(join(tmpdir(), 'wma-convert-'))
})
afterAll(() => rmSync(dir, { recursive: true }))

function file(name: string, bytes: Uint8Array | string): string {
  writeFileSync(join(dir, name), bytes)
  return join(dir, name)
}

/** Makes a file with ffmpeg's own sources of pictures and sound. */
function made(name: string, ...args: string[]): string {
  const path = join(dir, name)
  execFileSync('ffmpeg', ['-loglevel', 'error', '-y', ...args, path])
  return path
}
const PICTURES = ['-f', 'lavfi', '-i', 'testsrc=size=160x90:rate=10']
const SMALL = ['-f', 'lavfi', '-i', 'testsrc=size=80x60:rate=5']
const SOUND = ['-f', 'lavfi', '-i', 'sine=440']

const BOUNDS: Bounds = { withinMs: 60_000, maxBytes: 64 * 2 ** 20 }
async function convert(path: string, recipe: Recipe, program = 'ffmpeg', bounds = BOUNDS): Promise<Buffer> {
  const found: Uint8Array[] = []
  const sniffed = sniffType(readFileSync(path).subarray(0, 32))
  for await (const piece of converted({ path, sniffed }, recipe, bounds, program)) found.push(piece)
  return Buffer.concat(found)
}
const stateOf = (bytes: Buffer) => videoState(file('result.mp4', bytes))

it('knows a voice note by its first bytes', () => {
  expect(isVoice(sampleBytes('ptt', 200, ''))).toBe(true)
  expect(isVoice(sampleBytes('audio', 200, ''))).toBe(false)
  expect(isVoice(Buffer.from('OggS OpusHead'))).toBe(false)
})

it('knows a sticker and a video that need no conversion', async () => {
  expect(isSticker(sampleBytes('sticker', 52, ''))).toBe(true)
  expect(isSticker(sampleBytes('image', 52, ''))).toBe(false)
  expect(await videoState(file('ready.mp4', sampleBytes('video', 9_000, 'x')))).toBe('ready')
  for (const odd of ['', 'ftyp', '\0\0\0\0ftypisom', '\xff\xff\xff\xffmoov'])
    expect(await videoState(file('odd.mp4', Buffer.from(odd, 'latin1')))).toBe('encode')
})

it.each(['ffffffffffffffff', '0020000000000000', '001fffffffffffff'])(
  'a video that has a box of 0x%s bytes ends there',
  async (size) => {
    const ftyp = Buffer.from('\0\0\0\x10ftypisom\0\0\0\0', 'latin1')
    const free = Buffer.concat([Buffer.from('\0\0\0\x01free', 'latin1'), Buffer.from(size, 'hex')])
    // Node 20 reads on where it is if the position is no safe integer: it finds this.
    const path = file('claims.mp4', Buffer.concat([ftyp, free, sampleBytes('video', 9_000, 'x')]))
    expect([await videoState(path), await isAac(path), await videoFacts(path)]).toEqual([
      'encode',
      false,
      null,
    ])
  },
)

describe('a table of contents of nothing but one name', () => {
  /** Processor time of reading it, ms. */
  async function costOf(name: string): Promise<number> {
    const moov = Buffer.alloc(32 * 2 ** 20, name, 'latin1')
    moov.writeUInt32BE(moov.length, 0)
    moov.write('moov', 4, 'latin1')
    // At once the length of the video, so that the picture is looked for.
    moov.write('mvhd', 8, 'latin1')
    const path = file(
      'hostile.mp4',
      Buffer.concat([Buffer.from('\0\0\0\x10ftypisom\0\0\0\0', 'latin1'), moov]),
    )
    const before = process.cpuUsage()
    await videoState(path)
    await videoFacts(path)
    await isAac(path)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000
  }

  it.each(['stsd', '\0\0\0\x50tkhd'])('%j costs little more than one that means nothing', async (name) => {
    const [plain, cost]: [number[], number[]] = [[], []]
    // In turn, and the least of each: what else the machine does costs one of them more.
    for (let turn = 0; turn < 3; turn += 1) {
      plain.push(await costOf('none'))
      cost.push(await costOf(name))
    }
    expect(Math.min(...cost)).toBeLessThan(2 * Math.min(...plain))
  })
})

it('says that ffmpeg is missing', async () => {
  const path = file('a.mp3', sampleBytes('audio', 504, ''))
  await expect(convert(path, VOICE, 'no-such-program')).rejects.toMatchObject({ code: 'needs_ffmpeg' })
})

it('measures an animation by its frames', () => {
  const frame = (ms: number) => {
    const chunk = Buffer.alloc(24)
    chunk.write('ANMF', 'latin1')
    chunk.writeUInt32LE(16, 4)
    chunk.writeUIntLE(ms, 20, 3)
    return chunk
  }
  const head = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1')
  expect(webpSeconds(Buffer.concat([head, frame(40), frame(1_960)]))).toBe(2)
  expect(webpSeconds(Buffer.concat([head, frame(40).subarray(0, 20)]))).toBe(0)
  expect(webpSeconds(sampleBytes('sticker', 52, ''))).toBe(0)
})

describe.skipIf(!hasFfmpeg)('with ffmpeg', () => {
  it.each<[string, string[]]>([
    ['a.wav', []],
    ['b.flac', []],
    ['c.m4a', ['-c:a', 'alac']],
    ['d.ogg', ['-c:a', 'vorbis', '-ac', '2', '-strict', '-2']],
  ])('makes an audio file that phones play of %s', async (name, args) => {
    const bytes = await convert(made(name, ...SOUND, '-t', '1', ...args), AUDIO)
    expect(sniffType(bytes)).toBe('audio/mp4')
    expect(await isAac(file('audio.m4a', bytes))).toBe(true)
  })

  it('tells length, size and first picture of a video, also of one that a phone has turned', async () => {
    const plain = made('facts.mp4', ...PICTURES, '-t', '2.5', '-pix_fmt', 'yuv420p')
    expect(await videoFacts(plain)).toEqual({ seconds: 2.5, width: 160, height: 90 })
    // The matrix of the track, as a phone that was held upright writes it.
    const bytes = readFileSync(plain)
    const at = bytes.indexOf('tkhd') - 4
    const matrix = at + bytes.readUInt32BE(at) - 44
    for (const [index, value] of [0, 0x10000, 0, -0x10000, 0].entries())
      bytes.writeInt32BE(value, matrix + 4 * index)
    expect(await videoFacts(file('turned.mp4', bytes))).toEqual({ seconds: 2.5, width: 90, height: 160 })
    expect(await videoFacts(file('none.mp4', sampleBytes('video', 60, '')))).toBeNull()
    const preview = await convert(plain, PREVIEW, 'ffmpeg', { ...BOUNDS, maxBytes: 2 ** 20 })
    expect(sniffType(preview)).toBe('image/jpeg')
    expect(preview.length).toBeLessThan(20_000)
  })

  it.each<[string, string[]]>([
    ['b.mp3', []],
    ['c.wav', ['-ac', '2']],
    // Phones write the table of contents at the end.
    ['d.m4a', ['-c:a', 'aac']],
    ['e.flac', []],
  ])('makes a voice note of %s', async (name, args) => {
    expect(isVoice(await convert(made(name, ...SOUND, '-t', '1', ...args), VOICE))).toBe(true)
  })

  it.each<[string, string[], 'repack' | 'encode']>([
    ['end.mp4', ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-c:a', 'aac'], 'repack'],
    ['camera.mov', ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-c:a', 'aac'], 'repack'],
    ['old.mp4', ['-c:v', 'mpeg4', '-c:a', 'aac', '-movflags', '+faststart'], 'encode'],
    ['sound.mov', ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-c:a', 'pcm_s16le'], 'encode'],
  ])('makes a video that phones play of %s', async (name, args, state) => {
    const path = made(name, ...PICTURES, ...SOUND, '-t', '1', ...args)
    expect(await videoState(path)).toBe(state)
    const bytes = await convert(path, VIDEO[state])
    expect(await stateOf(bytes)).toBe('ready')
    expect(bytes.includes('mp4a')).toBe(true)
  })

  it('makes a video of WebM, and a silent one of a GIF with odd sides', async () => {
    const webm = made('a.webm', ...PICTURES, '-t', '1', '-c:v', 'libvpx', '-b:v', '100k')
    expect(await stateOf(await convert(webm, VIDEO.encode))).toBe('ready')
    const gif = made('a.gif', '-f', 'lavfi', '-i', 'testsrc=size=81x45:rate=5', '-t', '1')
    const bytes = await convert(gif, GIF)
    expect(await stateOf(bytes)).toBe('ready')
    expect(bytes.includes('mp4a')).toBe(false)
  })

  it('makes stickers of pictures, and animated ones of GIFs and videos', async () => {
    for (const name of ['p.png', 'p.jpg', 'p.webp']) {
      const bytes = await convert(made(name, ...SMALL, '-frames:v', '1'), STICKER)
      expect([name, isSticker(bytes), isAnimated(bytes)]).toEqual([name, true, false])
    }
    const [first] = ANIMATED
    for (const name of ['s.gif', 's.mp4']) {
      const bytes = await convert(made(name, ...SMALL, '-t', '0.4'), first ?? STICKER)
      expect([name, isSticker(bytes), isAnimated(bytes)]).toEqual([name, true, true])
    }
  })

  describe('a hostile file', () => {
    it.each<[string, string | Buffer]>([
      ['a playlist that names a file of this computer', '#EXTM3U\n#EXTINF:1,\n/etc/passwd\n'],
      ['a list for the concat demuxer', "ffconcat version 1.0\nfile '/etc/passwd'\n"],
      ['SVG', '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'],
      ['a playlist behind the sign of an MP3', 'ID3\n#EXTM3U\n/etc/passwd\n'],
      ['a playlist behind the sign of an MP4', '\0\0\0\x18ftypisom\n#EXTM3U\n/etc/passwd\n'],
      ['a picture of two billion pixels', pngOf(50_000, 40_000)],
    ])('%s is refused', async (_, bytes) => {
      const path = file('hostile', bytes)
      for (const recipe of [VOICE, VIDEO.encode, STICKER])
        await expect(convert(path, recipe)).rejects.toMatchObject({ code: 'media_refused' })
    })

    it('reads nothing that an MP4 names outside itself', async () => {
      const mov = made('ref.mov', ...PICTURES, '-t', '1', '-c:v', 'libx264', '-pix_fmt', 'yuv420p')
      const bytes = readFileSync(mov)
      // An external data reference: `url ` without the flag "in this file", to a file that exists.
      const at = bytes.indexOf('url ')
      bytes.writeUInt8(0, at + 7)
      const result = await convert(file('ref2.mov', bytes), VIDEO.repack).catch((error) => error)
      if (Buffer.isBuffer(result)) expect(result.includes('root:')).toBe(false)
      else expect(result.code).toBe('media_refused')
    })

    it('is not sent cut: what becomes too large is refused', async () => {
      const path = made('long.wav', ...SOUND, '-t', '120')
      await expect(convert(path, VOICE, 'ffmpeg', { ...BOUNDS, maxBytes: 300_000 })).rejects.toMatchObject({
        code: 'media_refused',
        message: expect.stringContaining('larger than'),
      })
    })

    it('whose reader stops leaves its place to the next one, which waits for a time only', async () => {
      const path = made('short.mp3', ...SOUND, '-t', '1')
      const stopped = Array.from({ length: 4 }, () =>
        converted({ path, sniffed: 'audio/mpeg' }, VOICE, BOUNDS),
      )
      const [one, two, ...others] = stopped
      await Promise.all([one?.next(), two?.next()])
      await expect(convert(path, VOICE, 'ffmpeg', { ...BOUNDS, withinMs: 50 })).rejects.toMatchObject({
        code: 'server_busy',
      })
      const stopping = new AbortController()
      const waiting = convert(path, VOICE, 'ffmpeg', { ...BOUNDS, signal: stopping.signal })
      stopping.abort()
      await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
      await Promise.all([one?.return(undefined), two?.return(undefined)])
      for (const other of others) {
        await other.next()
        await other.return(undefined)
      }
      expect(isVoice(await convert(path, VOICE))).toBe(true)
    })

    it('leaves nothing on the disk, and two run at once', async () => {
      const path = file('five.mp3', readFileSync(made('five0.mp3', ...SOUND, '-t', '5')))
      // Of its own: other tests convert at the same time.
      const temp = mkdtempSync(join(dir, 'temp-'))
      vi.stubEnv('TMPDIR', temp)
      let most = 0
      const watch = setInterval(() => {
        most = Math.max(most, readdirSync(temp).length)
      }, 5)
      try {
        await Promise.all(Array.from({ length: 6 }, () => convert(path, VOICE)))
      } finally {
        clearInterval(watch)
        vi.unstubAllEnvs()
      }
      expect(most).toBeGreaterThan(0)
      expect(most).toBeLessThanOrEqual(2)
      expect(readdirSync(temp)).toEqual([])
    })
  })
})

/** The beginning of a PNG of these sides, whose pixels are missing. */
function pngOf(width: number, height: number): Buffer {
  const head = Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\0\0\0\0\0\x08\x06\0\0\0\0\0\0\0', 'latin1')
  head.writeUInt32BE(width, 16)
  head.writeUInt32BE(height, 20)
  return Buffer.concat([head, Buffer.alloc(100_000)])
}
