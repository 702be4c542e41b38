/** Channels, calls and previews: what the real, unmodified whatsapp-web.js does on an early and on later builds. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import wweb from 'whatsapp-web.js'
import { build1045GroupsFail } from './builds/2.3000.1045-groups-fail.ts'
import { newestBuildThatLinks, newestBuildWithSerialized } from './builds.ts'
import { amara, olena, openScene, type Scene } from './scene.ts'
import { sampleBytes } from './service/media-samples.ts'

describe.each([newestBuildWithSerialized, build1045GroupsFail, newestBuildThatLinks])(
  'on build $name',
  (build) => {
    let scene: Scene
    let channel: string
    const client = () => scene.library.client
    const inPage = (run: string) => client().pupPage?.evaluate(`(async () => { ${run} })()`)
    const newest = (chat: string) => scene.world.messages({ chat, limit: 1 })[0]
    const ownChannel = () => scene.world.state().channels.find(({ id }) => id === channel)

    beforeAll(async () => {
      scene = await openScene({ build: build.name })
      ;({ id: channel } = await scene.world.addChannel({ name: 'Ours', own: true, admins: [amara, olena] }))
    })
    afterAll(() => scene.close())

    it('posts text in an own channel, and in no other', async () => {
      await expect
        .poll(() =>
          inPage(`return !!window.require('WAWebCollections').WAWebNewsletterCollection.get('${channel}')`),
        )
        .toBe(true)
      await client().sendMessage(channel, 'to all', { sendSeen: false, linkPreview: false })
      expect(newest(channel)).toMatchObject({ body: 'to all', fromMe: true })
      const followed = await scene.world.addChannel({ name: 'Theirs' })
      await client().sendMessage(followed.id, 'not mine', { sendSeen: false, linkPreview: false })
      expect(newest(followed.id)).toBeUndefined()
    })

    it('posts media in a channel: not since July 2026 (wwebjs#201823)', async () => {
      const picture = sampleBytes('image', 230, 'channel').toString('base64')
      const media = new wweb.MessageMedia('image/jpeg', picture, 'dot.jpg')
      const sending = client().sendMessage(channel, media, { sendSeen: false })
      if (!build.hasAvParams) {
        await expect(sending).rejects.toThrow('avParams is not a function')
        const measure = await inPage(`return typeof window.require('WAWebMediaMetadata').mediaMetadata`)
        expect(measure).toBe('function')
        return
      }
      await sending
      const { id = '', type } = newest(channel) ?? {}
      expect(type).toBe('image')
      expect(scene.world.openMedia({ id })).toEqual({ data: expect.any(String), problem: null })
    })

    it('changes admins and owner of a channel: not since 2026 (OpenWA 29.6.2)', async () => {
      const demoting = client().demoteChannelAdmin(channel, `${olena}@c.us`)
      if (build.managesChannels) expect(await demoting).toBe(true)
      else await expect(demoting).rejects.toThrow('demoteNewsletterAdmin is not a function')
      expect(ownChannel()?.admins).toEqual(build.managesChannels ? [amara] : [amara, olena])
      expect(await client().transferChannelOwnership(channel, `${amara}@c.us`)).toBe(build.managesChannels)
      expect(ownChannel()?.own).toBe(!build.managesChannels)
    })

    it('rejects a call: not since September 2026, without a word (OpenWA PR #1645)', async () => {
      const called = new Promise<wweb.Call>((resolve) => client().once('call', resolve))
      const { id } = await scene.world.ring({ from: amara, video: true })
      const call = await called
      expect(call).toMatchObject({ id, from: `${amara}@c.us`, isVideo: true })
      await call.reject()
      const state = () => scene.world.state().calls[0]?.state
      if (build.rejectsCalls) await expect.poll(state).toBe('rejected')
      else {
        expect(state()).toBe('ringing')
        await inPage(`const stack = await window.require('WAWebVoipStackInterface').getVoipStackInterface()
          await stack.rejectCall('${id}')`)
        expect(state()).toBe('rejected')
      }
    })

    it('previews a link: the whole send fails since August 2026 (OpenWA patch 3)', async () => {
      const text = 'https://example.org/tea'
      const sending = client().sendMessage(`${amara}@c.us`, text, { sendSeen: false })
      if (!build.previewsForAll) {
        await expect(sending).rejects.toThrow('must include an id property')
        return
      }
      await sending
      await expect.poll(() => newest(`${amara}@c.us`)).toMatchObject({ preview: { url: text } })
    })

    it('makes the link of a scheduled call: not in a new page since September 2026 (wa-js)', async () => {
      const make = () =>
        inPage(
          `return window.require('WAWebGenerateEventCallLink').createEventCallLink(${Date.now()}, 'video')`,
        )
      if ('WAWebGenerateEventCallLink' in build.lazyModules) {
        await expect(make()).rejects.toThrow('unknown module')
        await inPage(`await new Promise((done) =>
          window.require('Bootloader').loadModules(['WAWebEventsCreateEventModalFlow.react'], done, ''))`)
      }
      expect(await make()).toMatch(/^https:\/\/call\.whatsapp\.com\/video\//)
    })
  },
)
