/** The newest build: what breaks in the real, unmodified whatsapp-web.js, as its users report (each with its issue). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newestBuild, newestBuildThatLinks, newestBuildWithSerialized } from './builds.ts'
import { isPending, type LibraryClient, makeProfileFolder, startClient } from './library-client.ts'
import { openSimulator } from './open-simulator.ts'
import { sampleBytes } from './service/media-samples.ts'
import type { Simulator } from './simulator.ts'
import { collectUnhandled, type Unhandled } from './unhandled.ts'

const amara = '15550001101@c.us'
const profiles = makeProfileFolder()
let simulator: Simulator
let library: LibraryClient
let unhandled: Unhandled | null = null

beforeAll(async () => {
  simulator = await openSimulator({ dataDir: null, build: newestBuild.name })
  library = startClient(simulator, profiles.path)
  await library.event('qr')
  await simulator.world.scan()
})
afterAll(async () => {
  await library.kill()
  await simulator.close()
  unhandled?.stop()
  await profiles.remove()
})

/** Runs in the page what the library runs there; rejects with what puppeteer makes of the page's exception. */
const inPage = (run: string): Promise<unknown> => {
  const { pupPage } = library.client
  if (!pupPage) throw new Error('no page')
  return pupPage.evaluate(`(async () => { ${run} })()`)
}
const group = (): string => simulator.world.state().groups[0]?.id ?? ''
const module = (name: string) => `window.require('${name}')`

describe('a person presses "Continue"', () => {
  it('before which the device waits, and would be removed (OpenWA#982)', async () => {
    const waits = () => simulator.world.state().devices.map(({ news }) => news)
    expect(waits()).toEqual([true])
    await expect.poll(() => inPage(`return document.querySelectorAll('[role=dialog]').length`)).toBe(1)
    await inPage(`document.querySelector('[role=dialog] button, [role=dialog] [role=button]').click()`)
    await expect.poll(waits).toEqual([false])
    await library.event('ready')
  })
})

describe('whatsapp-web.js 1.34.7', () => {
  it('sends no media: the model of the media owns an id (wwebjs#201921)', async () => {
    const picture = sampleBytes('image', 230, 'autumn').toString('base64')
    const media = new library.MessageMedia('image/jpeg', picture, 'dot.jpg')
    await expect(library.client.sendMessage(amara, media, { sendSeen: false })).rejects.toThrow(
      'Data passed to getter must include an id property',
    )
  })

  it('downloads nothing that was not decrypted before: it names no mimetype (wwebjs#201908)', async () => {
    const { id } = await simulator.world.writeContent({ from: amara, content: { type: 'image' } })
    const find = `${module('WAWebCollections')}.Msg.getModelsArray().find((one) => one.id.id === '${id}')`
    await expect.poll(() => inPage(`return ${find} !== undefined`)).toBe(true)
    const download = (more: string) =>
      inPage(`const { directPath, encFilehash, filehash, mediaKey, type, mimetype } = ${find}
        const wanted = { directPath, encFilehash, filehash, mediaKey, type ${more} }
        return (await ${module('WAWebDownloadManager')}.downloadManager.downloadAndMaybeDecrypt(wanted)).byteLength`)
    await expect(download('')).rejects.toThrow(/^t/)
    const size = simulator.world.messages({ chat: amara, limit: 1 })[0]?.media?.sizeBytes
    expect(await download(', mimetype')).toBe(size)
    // In memory now: that is why it looks random.
    expect(await download('')).toBe(size)
  })

  it('finds no module that nothing has loaded: invites, new groups (wwebjs#201916, wa-js#3668)', async () => {
    await expect(library.client.acceptInvite('ABCDEFGHIJ')).rejects.toThrow(
      'unknown module "WAWebGroupInviteJob"',
    )
    // An error of the library is a text here.
    expect(await library.client.createGroup('Tea club', [amara])).toContain('CreateGroupError')
    await inPage(`await new Promise((done) =>
      ${module('Bootloader')}.loadModules(['WAWebNewGroupFlow.react', 'WAWebGroupInviteLinkDrawer.react'], done, ''))`)
    const code = await inPage(
      `return (await ${module('WAWebMexFetchGroupInviteCodeJob')}.fetchMexGroupInviteCode('${group()}')).code`,
    )
    expect(code).toMatch(/^\w{22}$/)
    expect(await inPage(`return typeof ${module('WAWebGroupCreateJob')}.createGroup`)).toBe('function')
  })

  it('forwards nothing, also after its module is loaded', async () => {
    const forward = `${module('WAWebChatForwardMessage')}.forwardMessages`
    await expect(inPage(forward)).rejects.toThrow('unknown module')
    await inPage(`await new Promise((done) =>
      ${module('Bootloader')}.loadModules(['WAWebMediaForwardMediaMsg'], done, ''))`)
    await expect(inPage(forward)).rejects.toThrow('missing dependencies')
  })

  it('sets no description: the job takes one object (wa-js#3595)', async () => {
    const set = (given: string) =>
      inPage(`const wid = ${module('WAWebWidFactory')}.createWid('${group()}');
        await ${module('WAWebGroupModifyInfoJob')}.setGroupDescription(${given})`)
    await expect(set("wid, 'Tea on Fridays', 'new', undefined")).rejects.toThrow("reading 'toJid'")
    await set("{ groupWid: wid, desc: 'Tea on Fridays', newDescId: 'new' }")
    expect(simulator.world.state().groups[0]).toMatchObject({ description: 'Tea on Fridays' })
  })

  it('posts no status (waha#2063)', async () => {
    await expect(
      library.client.sendMessage('status@broadcast', 'hello', { parseVCards: false, sendSeen: false }),
    ).rejects.toThrow('canCheckStatusRankingPosterGating')
  })

  it('loses the link at the next load after it read status updates (OpenWA#1072)', async () => {
    await inPage(`${module('WAWebCollections')}.Chat.get('status@broadcast').msgs.getModelsArray()`)
    // The library attaches to a page that navigates away, and leaves the rejection to the process (F8).
    unhandled = collectUnhandled()
    await library.client.pupPage?.reload()
    await expect.poll(() => simulator.world.state().devices).toEqual([])
  })
})

it.each([newestBuildWithSerialized, newestBuildThatLinks])(
  'an earlier build ($name) asks for none of that',
  async ({ name, mediaOwnsId }) => {
    simulator.world.setBuild({ build: name })
    const folder = makeProfileFolder()
    const earlier = startClient(simulator, folder.path)
    await earlier.event('qr')
    await simulator.world.scan()
    await earlier.event('ready')
    expect(simulator.world.state().devices.map(({ news }) => news)).toEqual([false])
    const picture = sampleBytes('image', 230, name).toString('base64')
    const media = new earlier.MessageMedia('image/jpeg', picture, 'dot.jpg')
    const sending = earlier.client.sendMessage(amara, media, { sendSeen: false })
    if (mediaOwnsId) await expect(sending).rejects.toThrow('id property')
    else {
      expect((await sending).type).toBe('image')
      await expect
        .poll(() => simulator.world.messages({ chat: amara, limit: 1 }))
        .toMatchObject([{ fromMe: true, type: 'image', media: { mimetype: 'image/jpeg' } }])
    }
    expect(await isPending(earlier.initialized, 0)).toBe(false)
    await earlier.kill()
    await simulator.world.unlink()
    await folder.remove()
  },
)
