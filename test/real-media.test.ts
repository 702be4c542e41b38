/** Files that public tools made, sent and received: the phone, which checks what WhatsApp checks, plays each of them. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { browserPath, type Harness, openHarness } from './harness.ts'

const AMARA = '15550001101'
const chat = `${AMARA}@c.us`

let harness: Harness
let dir: string
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'wma-real-'))
  harness = await openHarness({ env: { WHATSAPP_FILES_DIR: dir } })
  await harness.link()
})
afterAll(async () => {
  await harness.close()
  rmSync(dir, { recursive: true, force: true })
})

const ffmpeg = (name: string, ...args: string[]) =>
  execFileSync('ffmpeg', ['-loglevel', 'error', '-y', ...args, join(dir, name)])

/** Codec, container and length of a file, as ffprobe reads it. */
function probed(bytes: Buffer): { codecs: string[]; format: string; seconds: number } {
  writeFileSync(join(dir, 'probed'), bytes)
  const args = ['-v', 'error', '-of', 'json', '-show_format', '-show_streams', join(dir, 'probed')]
  const { streams, format } = JSON.parse(execFileSync('ffprobe', args).toString())
  return {
    codecs: streams.map(({ codec_name }: { codec_name: string }) => codec_name),
    format: format.format_name,
    seconds: Number(format.duration ?? 0),
  }
}

const PICTURES = ['-f', 'lavfi', '-i', 'testsrc=size=640x360:rate=15']
const SOUND = ['-f', 'lavfi', '-i', 'sine=440']
/** Three seconds of AMR, which ffmpeg reads and cannot write: frames of 20 ms at 4.75 kbit/s (RFC 4867, 5.3). */
const AMR = Buffer.concat([
  Buffer.from('#!AMR\n'),
  ...Array(150).fill(Buffer.from([0x04, ...Array(12).fill(0)])),
])

type Made = { name: string; make(): void; as?: string; type: string; sees(bytes: Buffer): void }
const MADE: Made[] = [
  {
    name: 'picture.png',
    make: () => void ffmpeg('picture.png', ...PICTURES, '-frames:v', '1'),
    type: 'image',
    sees: (bytes) => expect(probed(bytes).codecs).toEqual(['mjpeg']),
  },
  {
    name: 'voice.mp3',
    make: () => void ffmpeg('voice.mp3', ...SOUND, '-t', '3'),
    as: 'voice',
    type: 'ptt',
    sees(bytes) {
      const { codecs, format, seconds } = probed(bytes)
      expect([codecs, format, Math.round(seconds)]).toEqual([['opus'], 'ogg', 3])
    },
  },
  {
    name: 'voice.amr',
    make: () => writeFileSync(join(dir, 'voice.amr'), AMR),
    as: 'voice',
    type: 'ptt',
    sees(bytes) {
      const { codecs, format, seconds } = probed(bytes)
      expect([codecs, format, Math.round(seconds)]).toEqual([['opus'], 'ogg', 3])
    },
  },
  {
    name: 'sound.amr',
    make: () => writeFileSync(join(dir, 'sound.amr'), AMR),
    type: 'audio',
    sees: (bytes) => expect([probed(bytes).codecs, bytes.equals(AMR)]).toEqual([['amr_nb'], true]),
  },
  {
    name: 'video.mkv',
    make: () =>
      void ffmpeg('video.mkv', ...PICTURES, ...SOUND, '-t', '2', '-c:v', 'mpeg4', '-c:a', 'libmp3lame'),
    as: 'video',
    type: 'video',
    sees(bytes) {
      const { codecs, format, seconds } = probed(bytes)
      expect([codecs, Math.round(seconds)]).toEqual([['h264', 'aac'], 2])
      expect(format).toContain('mp4')
    },
  },
  {
    name: 'animated.gif',
    make: () => void ffmpeg('animated.gif', '-f', 'lavfi', '-i', 'testsrc=size=120x80:rate=8', '-t', '2'),
    as: 'sticker',
    type: 'sticker',
    sees: (bytes) =>
      expect([bytes.toString('latin1', 8, 12), bytes.includes('ANMF')]).toEqual(['WEBP', true]),
  },
  {
    name: 'page.pdf',
    make() {
      writeFileSync(join(dir, 'page.html'), '<h1>A plan</h1>')
      const flags = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${join(dir, 'profile')}`]
      const pages = [`--print-to-pdf=${join(dir, 'page.pdf')}`, `file://${join(dir, 'page.html')}`]
      execFileSync(browserPath(), [...flags, ...pages], { stdio: 'ignore' })
    },
    type: 'document',
    sees: (bytes) => expect(bytes.equals(readFileSync(join(dir, 'page.pdf')))).toBe(true),
  },
]

it.each(MADE.map((made) => [made.name, made] as const))(
  '%s is played by the phone, and what the phone sent comes back as it was',
  async (name, { make, as, type, sees }) => {
    make()
    const { status, json } = await harness.post(`/api/chats/${chat}/media`, { media: { file: name }, as })
    expect(status, JSON.stringify(json)).toBe(200)
    const [message] = harness.world.messages({ chat, limit: 1 })
    const { data, problem } = harness.world.openMedia({ id: message?.id ?? '' })
    expect([message?.type, problem]).toEqual([type, null])
    const bytes = Buffer.from(data, 'base64')
    sees(bytes)
    // The other way.
    const media = { data, ...(name.endsWith('.pdf') ? { filename: name } : {}) }
    const { id } = await harness.world.writeContent({
      from: AMARA,
      content: { type: type as 'image', media },
    })
    const path = `/api/messages/false_${chat}_${id}`
    await expect.poll(async () => (await harness.get(path)).status).toBe(200)
    const response = await fetch(`${harness.url}${path}/media`)
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true)
  },
)

it('a vCard: its name and number, both ways', async () => {
  const card = { name: 'Zoë Åberg', phone_numbers: ['+46701234567'], organization: 'Ferry' }
  const { status } = await harness.post(`/api/chats/${chat}/contacts`, { contacts: [card] })
  expect(status).toBe(200)
  const [message] = harness.world.messages({ chat, limit: 1 })
  const [vcard = ''] = message?.vcards ?? []
  expect(vcard).toMatch(/^BEGIN:VCARD\r?\nVERSION:3.0[\s\S]*\nEND:VCARD\s*$/)
  expect(vcard).toContain('FN:Zoë Åberg')
  const { id } = await harness.world.writeContent({
    from: AMARA,
    content: { type: 'vcard', vcards: [vcard] },
  })
  const path = `/api/messages/false_${chat}_${id}`
  await expect.poll(async () => (await harness.get(path)).status).toBe(200)
  const { contacts } = (await harness.get(path)).json.message
  expect(contacts).toMatchObject([{ name: 'Zoë Åberg', organization: 'Ferry' }])
  expect(contacts[0].phone_numbers.join()).toMatch(/46701234567/)
})
