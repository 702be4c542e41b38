/** Bytes of media, by the engine alone on the real library in a real browser: whole, in pieces, expired, asked for again. */
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { newestBuild, newestBuildThatLinks, newestBuildWithSerialized } from '../simulator/builds.ts'
import { openSimulator } from '../simulator/open-simulator.ts'
import { sampleBytes } from '../simulator/service/media-samples.ts'
import type { NewContent, Simulator, World, WorldMessage } from '../simulator/simulator.ts'
import { createDeferred, systemClock } from '../src/clock.ts'
import type { Engine, MediaRequest, Outgoing } from '../src/engine/engine.ts'
import { launchArgs } from '../src/engine/wweb/launch-args.ts'
import { wwebEngine } from '../src/engine/wweb/open-engine.ts'
import { createLog } from '../src/log.ts'
import type { MediaSource } from '../src/model/content.ts'
import { type MessageKey, newBareId, toJid } from '../src/model/ids.ts'
import { browserPath } from './harness.ts'

const MIB = 2 ** 20
const amara = '15550001101'
const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name)

describe.each([newestBuild.name, newestBuildThatLinks.name, newestBuildWithSerialized.name])(
  'on build %s',
  (build) => {
    let simulator: Simulator
    let world: World
    let engine: Engine
    let folder: string

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'wma-media-'))
      simulator = await openSimulator({ dataDir: null, pace: 'none', control: null, build })
      world = simulator.world
      const ready = createDeferred<true>()
      engine = await wwebEngine({
        profileDir: join(folder, 'session-default'),
        executablePath: browserPath(),
        headless: true,
        browserArgs: launchArgs(true, simulator.chromiumArgs).args,
        proxy: null,
        clock: systemClock,
        log: createLog({ level: 'error', write: () => {} }),
      })({ emit: ({ type }) => void (type === 'ready' && ready.resolve(true)) })
      await world.scan()
      await ready.promise
    })
    afterAll(async () => {
      await engine?.close()
      await simulator?.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    })
    afterEach(() => world.clearFaults())

    const write = (content: NewContent) => world.writeContent({ from: amara, content })
    const keysOf = ({ id }: WorldMessage) => [`false_${amara}@c.us_${id}` as MessageKey]
    const sourceOf = ({ media, type, t }: WorldMessage): MediaSource => {
      if (!media) throw new Error('no media')
      const { directPath, mediaKey, encFilehash, filehash, mimetype, sizeBytes } = media
      return { type, directPath, mediaKey, mediaKeyTimestamp: t, encFilehash, filehash, mimetype, sizeBytes }
    }
    /** Fetches all of it. */
    async function fetched(message: WorldMessage, options: Partial<MediaRequest> = {}) {
      const wanted = { keys: keysOf(message), source: null, askPhone: true, limitMs: 60_000, ...options }
      const { bytes, close, ...facts } = await engine.fetchMedia(wanted)
      const pieces: Uint8Array[] = []
      for await (const piece of bytes) pieces.push(piece)
      await close()
      return { ...facts, pieces, all: Buffer.concat(pieces) }
    }

    it.each<NewContent['type']>(['image', 'video', 'ptt', 'audio', 'document', 'sticker'])(
      'downloads a message of type %s byte for byte',
      async (type) => {
        const data = sampleBytes('image', 30_000, type)
        const message = await write({ type, media: { data: data.toString('base64') } })
        const { all, sizeBytes } = await fetched(message)
        expect(all.equals(data)).toBe(true)
        expect(sizeBytes).toBe(data.length)
      },
    )

    it('downloads by what the archive knows of it, without the message', async () => {
      const message = await write({ type: 'document' })
      const { all } = await fetched(message, { source: sourceOf(message), keys: [] })
      expect(createHash('sha256').update(all).digest('base64')).toBe(message.media?.filehash)
    })

    it('gives 16 MiB in pieces of at most 256 KiB, and the page stays responsive meanwhile', async () => {
      const data = sampleBytes('document', 16 * MIB + 5, 'large')
      const message = await write({ type: 'document', media: { data: data.toString('base64') } })
      const probes: boolean[] = []
      const all = fetched(message)
      for (let count = 0; count < 5; count += 1) probes.push((await engine.probe()).responding)
      const { pieces, all: bytes } = await all
      expect(bytes.equals(data)).toBe(true)
      expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(MIB / 4)
      expect(probes).not.toContain(false)
    })

    it('asks the phone once for what the host has no more, and only if it may', async () => {
      const message = await write({ type: 'image' })
      world.expireMedia({ id: message.id })
      await expect(fetched(message, { askPhone: false })).rejects.toMatchObject({ code: 'media_expired' })
      expect(world.state().reuploads).not.toContain(message.id)
      const { directPath, all } = await fetched(message, { source: sourceOf(message) })
      expect(directPath).not.toBe(message.media?.directPath)
      expect(all.length).toBe(message.media?.sizeBytes)
      expect(world.state().reuploads.filter((id) => id === message.id)).toHaveLength(1)
    })

    it('says that media is expired if the phone has it no more either', async () => {
      const message = await write({ type: 'image' })
      world.expireMedia({ id: message.id, onPhone: true })
      await expect(fetched(message)).rejects.toMatchObject({ code: 'media_expired' })
    })

    it.each(['media_hangs', 'reupload_hangs'])('does not wait longer than it may: %s', async (fault) => {
      const message = await write({ type: 'image' })
      world.expireMedia({ id: message.id })
      await world.setFault({ name: fault, value: true })
      await expect(fetched(message, { limitMs: 500 })).rejects.toMatchObject({ code: 'whatsapp_timeout' })
    })

    const voice = readFileSync(fixture('voice.ogg'))
    it.each<[Outgoing<'media'>['as'], string, string, Buffer]>([
      ['image', 'image', 'image/jpeg', sampleBytes('image', 40_000, 'out')],
      ['video', 'video', 'video/mp4', sampleBytes('video', 40_000, 'out')],
      ['gif', 'video', 'video/mp4', sampleBytes('video', 40_001, 'out')],
      ['audio', 'audio', 'audio/mpeg', sampleBytes('audio', 504, 'out')],
      ['voice', 'ptt', 'audio/ogg; codecs=opus', voice],
      ['document', 'document', 'image/jpeg', sampleBytes('image', 3 * MIB + 5, 'out')],
      ['sticker', 'sticker', 'image/webp', sampleBytes('sticker', 52, 'out')],
    ])('sends as %s, byte for byte, what the phone can show', async (as, type, mimetype, bytes) => {
      const path = join(folder, as)
      writeFileSync(path, bytes)
      const bareId = newBareId()
      const sent = await engine.send(
        toJid(`${amara}@c.us`),
        {
          kind: 'media',
          path,
          as,
          mimetype,
          filename: 'Über uns.pdf',
          sizeBytes: bytes.length,
          sha256: '',
          caption: 'look',
        },
        { bareId, limitMs: 20_000 },
      )
      expect(sent.message).toMatchObject({ type, hasMedia: true, bareId })
      const { data, problem } = world.openMedia({ id: bareId })
      expect(problem).toBe(null)
      expect(Buffer.from(data, 'base64').equals(bytes)).toBe(true)
      const [message] = world.messages({ chat: amara, limit: 1 })
      expect(message?.media?.gif ?? false).toBe(as === 'gif')
      if (as === 'document') expect(message?.media?.filename).toBe('Über uns.pdf')
      if (as !== 'sticker' && as !== 'voice') expect(message?.caption).toBe('look')
    })

    it('sends nothing that cannot be uploaded or is not what it says', async () => {
      const path = join(folder, 'bad')
      writeFileSync(path, 'no picture')
      const before = world.countMessages()
      const outgoing = {
        kind: 'media',
        path,
        as: 'image',
        mimetype: 'image/png',
        filename: 'a',
        sizeBytes: 10,
        sha256: '',
      } as const
      const send = () =>
        engine.send(toJid(`${amara}@c.us`), outgoing, { bareId: newBareId(), limitMs: 10_000 })
      await expect(send()).rejects.toMatchObject({ code: 'media_refused' })
      rmSync(path)
      await expect(send()).rejects.toMatchObject({ code: 'media_refused' })
      writeFileSync(path, sampleBytes('image', 500, 'x'))
      await world.setFault({ name: 'upload_refused', value: true })
      await expect(send()).rejects.toMatchObject({ code: 'media_refused' })
      expect(world.countMessages()).toBe(before)
    })

    it.each(['video', 'gif', 'voice', 'image', 'document'] as const)(
      'sends a file above the limit of WhatsApp Web as %s only if that is a document',
      async (as) => {
        const path = join(folder, 'large')
        writeFileSync(path, sampleBytes('document', 300, 'large'))
        const before = world.countMessages()
        const outgoing = {
          ...({ kind: 'media', path, as, mimetype: 'application/pdf', filename: 'a', sha256: '' } as const),
          sizeBytes: 17 * MIB,
        }
        const sending = engine.send(toJid(`${amara}@c.us`), outgoing, {
          bareId: newBareId(),
          limitMs: 20_000,
        })
        if (as === 'document') await sending
        else
          await expect(sending).rejects.toMatchObject({
            code: 'media_refused',
            message: expect.stringContaining(`has 17 MiB, and WhatsApp takes at most 16 MiB as ${as}`),
          })
        expect(world.countMessages()).toBe(before + (as === 'document' ? 1 : 0))
      },
    )

    it('says that a message is unknown, and that bytes are not those of the message', async () => {
      const message = await write({ type: 'image' })
      const keys = [`false_${amara}@c.us_NOSUCH` as MessageKey]
      await expect(fetched(message, { keys })).rejects.toMatchObject({ code: 'message_not_found' })
      const source = { ...sourceOf(message), filehash: 'AAAA' }
      await expect(fetched(message, { source })).rejects.toMatchObject({ code: 'whatsapp_error' })
    })
  },
)
