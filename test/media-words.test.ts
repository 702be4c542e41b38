/** Words in media, found by a real program that the test writes: where they are shown, what failures cost, and when they leave. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sampleBytes } from '../simulator/service/media-samples.ts'
import type { NewContent } from '../simulator/simulator.ts'
import { type Harness, openHarness } from './harness.ts'

const AMARA = '15550001101'
const JURGEN = '15550001102'

/** Prints what follows "says:" in the file of its last word. Its first word is a file that gets one line for each run. */
const PROGRAM = `import { appendFileSync, readFileSync } from 'node:fs'
const [runs, file] = process.argv.slice(2)
const text = readFileSync(file, 'latin1')
appendFileSync(runs, JSON.stringify({ file, keys: Object.keys(process.env).filter((name) => name.startsWith('WHATSAPP_')) }) + '\\n')
if (text.includes('hang:')) setInterval(() => {}, 1000)
else if (text.includes('fail:')) process.exit(3)
else console.log(Buffer.from(/says:([^;]*);/.exec(text)?.[1] ?? '', 'latin1').toString())
`

let dir: string
let env: Record<string, string>
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-words-'))
  writeFileSync(join(dir, 'read.mjs'), PROGRAM)
  const command = `"${process.execPath}" "${join(dir, 'read.mjs')}" "${join(dir, 'runs')}" {file}`
  env = { WHATSAPP_TRANSCRIBE_COMMAND: command, WHATSAPP_TEXT_COMMAND: command, WHATSAPP_WORDS_LIMIT_S: '15' }
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

type Run = { file: string; keys: string[] }
const runs = (): Run[] =>
  existsSync(join(dir, 'runs'))
    ? readFileSync(join(dir, 'runs'), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
    : []

let made = 0
/** A voice note or document with this in its bytes. Each is another file. */
function saying(type: 'ptt' | 'document', text: string): NewContent {
  made += 1
  const bytes = Buffer.concat([sampleBytes(type, 3_000, String(made)), Buffer.from(text)])
  return {
    type,
    media: { data: bytes.toString('base64'), ...(type === 'document' ? { filename: 'Plan.PDF' } : {}) },
  }
}

/** A message in the world, once the archive has it; its id in the API. */
async function arrived(harness: Harness, content: NewContent, from = AMARA): Promise<string> {
  const { id: bareId } = await harness.world.writeContent({ from, content })
  const id = `false_${from}@c.us_${bareId}`
  await expect.poll(async () => (await harness.get(`/api/messages/${id}`)).status).toBe(200)
  return id
}

const messageOf = async (harness: Harness, id: string) =>
  (await harness.get(`/api/messages/${id}`)).json.message
const wordsOf = (harness: Harness, id: string) => harness.get(`/api/messages/${id}/words`)

function archiveOf(harness: Harness): { folder: string; db: string } {
  const folder = join(harness.authDir, '.whatsapp-mcp-api', 'archives')
  const name = readdirSync(folder).find((one) => one.endsWith('.db')) ?? ''
  return { folder: join(folder, name.replace('.db', '.media')), db: join(folder, name) }
}

describe('on demand', () => {
  let harness: Harness
  beforeAll(async () => {
    harness = await openHarness({ env: { ...env, WHATSAPP_MCP_TOOLSETS: 'all' } })
    await harness.link()
  })
  afterAll(() => harness.close())

  it('a voice note: found once, and shown wherever its message is', async () => {
    const id = await arrived(harness, saying('ptt', 'says:  Bring Krokodile\r\n\r\n\r\n\r\nat nine\u0007 ;'))
    expect((await messageOf(harness, id)).transcript).toBeUndefined()
    const before = runs().length
    const answers = await Promise.all([wordsOf(harness, id), wordsOf(harness, id)])
    const words = 'Bring Krokodile\n\nat nine'
    for (const { status, json } of answers)
      expect([status, json]).toEqual([200, { ok: true, message_id: id, kind: 'transcript', words }])
    expect((await wordsOf(harness, id)).json.words).toBe(words)
    expect(runs()).toHaveLength(before + 1)
    expect((await messageOf(harness, id)).transcript).toBe(words)
    const hits = (await harness.get('/api/search?q=krokodil*')).json.messages
    expect(hits).toMatchObject([{ id, transcript: words, snippet: words }])
    const exported = (await harness.get(`/api/export?chat_id=${AMARA}`)).text
    expect(exported).toContain(JSON.stringify(words).slice(1, -1))
    const { events } = (await harness.get('/api/events?kind=message.transcribed&after=0')).json
    expect(events.at(-1)).toMatchObject({ message: { id, transcript: words }, data: {} })
  })

  it('a tool reads it, and lists of messages have it', async () => {
    const id = await arrived(harness, saying('ptt', 'says:The marmalade is ready;'))
    const client = await harness.mcp('current')
    const call = (name: string, args: Record<string, unknown>) => client.callTool({ name, arguments: args })
    const read = await call('whatsapp_read_media', { message_id: id })
    expect(read.content).toMatchObject([{ text: expect.stringContaining('"The marmalade is ready"') }])
    const list = await call('whatsapp_read_messages', { phone_number: AMARA, response_format: 'concise' })
    expect(JSON.stringify(list.content)).toContain('transcript \\"The marmalade is ready\\"')
  })

  it('a document: its text, in full forms only', async () => {
    const id = await arrived(harness, saying('document', 'says:Rent is due in Pfennig;'))
    expect((await wordsOf(harness, id)).json).toMatchObject({ kind: 'text', words: 'Rent is due in Pfennig' })
    expect((await messageOf(harness, id)).text).toBe('Rent is due in Pfennig')
    expect((await harness.get('/api/search?q=pfennig')).json.messages).toMatchObject([{ id }])
    expect(runs().at(-1)?.file).toMatch(/\.pdf$/)
  })

  it('the program gets none of the settings, and nothing of the file stays beside it', async () => {
    expect(runs().flatMap(({ keys }) => keys)).toEqual([])
    for (const { file } of runs()) expect(existsSync(file)).toBe(false)
    const { folder } = archiveOf(harness)
    expect(readdirSync(folder).filter((name) => name.startsWith('words-'))).toEqual([])
  })

  it.each(['fail', 'hang'])(
    '%s: an error, a state and a log line, and no second try by itself',
    async (how) => {
      const id = await arrived(harness, saying('ptt', `${how}: says:too late;`))
      const before = runs().length
      const { status, json } = await wordsOf(harness, id)
      expect([status, json.code, json.retry]).toEqual([422, 'words_failed', 'after_action'])
      const { media } = await messageOf(harness, id)
      expect(media.words).toBe('failed')
      const fault = { fail: 'exit', hang: 'time' }[how]
      expect(harness.log.filter((line) => line.fault === fault)).toHaveLength(1)
      await arrived(harness, saying('ptt', 'says:another;'))
      expect(runs()).toHaveLength(before + 1)
      if (how === 'hang') return
      await wordsOf(harness, id)
      expect(runs()).toHaveLength(before + 2)
    },
  )

  it('nothing is heard: an empty text, and a state', async () => {
    const id = await arrived(harness, saying('ptt', 'silence'))
    expect((await wordsOf(harness, id)).json.words).toBe('')
    expect((await messageOf(harness, id)).media.words).toBe('none')
  })

  it('other kinds have no words', async () => {
    const picture = await arrived(harness, { type: 'image' })
    expect((await wordsOf(harness, picture)).json.code).toBe('media_not_found')
    expect((await wordsOf(harness, `false_${AMARA}@c.us_NONE`)).json.code).toBe('message_not_found')
  })

  it('a later copy of the message does not take them away, an edit neither', async () => {
    const { id: bareId } = await harness.world.writeContent({
      from: AMARA,
      content: { ...saying('document', 'says:Ninety Zwetschgen;'), caption: 'the list' } as NewContent,
    })
    const id = `false_${AMARA}@c.us_${bareId}`
    await expect.poll(async () => (await wordsOf(harness, id)).status).toBe(200)
    await harness.world.edit({ id: bareId, text: 'the new list' })
    await expect.poll(async () => (await messageOf(harness, id)).body).toBe('the new list')
    expect((await messageOf(harness, id)).text).toBe('Ninety Zwetschgen')
    expect((await harness.get('/api/search?q=zwetschgen')).json.messages).toHaveLength(1)
  })

  it('they leave with their message, from the file too', async () => {
    const id = await arrived(harness, saying('ptt', 'says:Xylophoniker im Keller;'), JURGEN)
    await wordsOf(harness, id)
    const isOnDisk = () =>
      ['', '-wal'].some((end) => {
        const file = `${archiveOf(harness).db}${end}`
        return existsSync(file) && readFileSync(file).includes('Xylophoniker')
      })
    expect(isOnDisk()).toBe(true)
    await harness.call({ method: 'DELETE', path: `/api/chats/${JURGEN}@c.us/messages` })
    expect((await harness.get('/api/search?q=xylophoniker')).json.messages).toEqual([])
    await expect.poll(isOnDisk).toBe(false)
  })

  it('a message that is deleted for everyone loses them', async () => {
    const id = await arrived(harness, saying('ptt', 'says:Geheimnis;'))
    await wordsOf(harness, id)
    await harness.world.revoke({ id: id.split('_')[2] ?? '' })
    await expect.poll(async () => (await messageOf(harness, id)).type).toBe('revoked')
    expect(await messageOf(harness, id)).not.toHaveProperty('transcript')
    expect((await harness.get('/api/search?q=geheimnis')).json.messages).toEqual([])
  })
})

it('eager: what arrives is read when its file is stored; after a restart, what was not', async () => {
  const eager = { ...env, WHATSAPP_MEDIA_DOWNLOAD: 'eager' }
  const harness = await openHarness({ env: eager })
  await harness.link()
  await harness.synced()
  const heard = await arrived(harness, saying('ptt', 'says:Hello from the train;'))
  await expect.poll(async () => (await messageOf(harness, heard)).transcript).toBe('Hello from the train')
  // Pictures that come as documents are not for a program that reads texts.
  const photo = await arrived(harness, {
    type: 'document',
    media: { data: sampleBytes('image', 2_000, 'photo').toString('base64') },
  })
  await expect.poll(async () => (await messageOf(harness, photo)).media.state).toBe('here')
  const before = runs().length
  const hanging = await arrived(harness, saying('ptt', 'hang: now;'))
  await expect.poll(() => runs().length).toBe(before + 1)
  const waiting = await arrived(harness, saying('document', 'says:The second one;'))
  await harness.restart()
  await expect
    .poll(async () => (await messageOf(harness, waiting)).text, { timeout: 90_000 })
    .toBe('The second one')
  await expect
    .poll(async () => (await messageOf(harness, hanging)).media.words, { timeout: 60_000 })
    .toBe('failed')
  expect(await messageOf(harness, photo)).not.toHaveProperty('text')
  await harness.close()
}, 240_000)

it('a program that is not there is tried once, and its messages do not count as failed', async () => {
  const harness = await openHarness({
    env: { WHATSAPP_MEDIA_DOWNLOAD: 'eager', WHATSAPP_TRANSCRIBE_COMMAND: '/nowhere/whisper {file}' },
  })
  await harness.link()
  await harness.synced()
  for (const text of ['one', 'two', 'three']) await arrived(harness, saying('ptt', text))
  const faults = () => harness.log.filter(({ fault }) => fault === 'missing')
  await expect.poll(faults).toHaveLength(1)
  const last = await arrived(harness, saying('ptt', 'four'))
  expect((await wordsOf(harness, last)).json.code).toBe('words_failed')
  expect((await messageOf(harness, last)).media).not.toHaveProperty('words')
  // Documents have no command here.
  const plan = await arrived(harness, saying('document', 'a plan'))
  expect((await wordsOf(harness, plan)).json.code).toBe('words_not_enabled')
  await harness.close()
})
