/** Files in the page, by our in-page code on a window of the test's: their names, and what the phone uploads again. */
import { afterEach, expect, it } from 'vitest'
import { installPageMedia, type PageMedia } from './page-media.ts'

afterEach(() => {
  Reflect.deleteProperty(globalThis, 'window')
})

/** As after a load of the page. */
function newDocument(): PageMedia {
  const page: { WWebJS: object; whatsappMcpMedia?: PageMedia } = { WWebJS: { mediaInfoToFile: () => null } }
  Object.assign(globalThis, { window: page })
  installPageMedia()
  if (page.whatsappMcpMedia === undefined) throw new Error('not installed')
  return page.whatsappMcpMedia
}

it('the name of a file does not fit another file after a reload', () => {
  const take = () => newDocument().take({ type: 'file', files: [new Blob(['bytes'])] }).handle
  const names = Array.from({ length: 5 }, take)
  expect(new Set(names).size).toBe(names.length)
  expect(names.every(Number.isSafeInteger)).toBe(true)
})

it.each([
  ['sticker', null, 'image/webp'],
  ['sticker', 'image/webp', 'image/webp'],
  ['image', null, undefined],
  ['document', 'image/svg+xml', 'application/octet-stream'],
])('a %s of the type %s is downloaded as %s', async (type, mimetype, asked) => {
  const page = newDocument()
  const types: unknown[] = []
  const downloadAndMaybeDecrypt = async (wanted: { mimetype?: string }) => {
    types.push(wanted.mimetype)
    return new ArrayBuffer(3)
  }
  Object.assign(Reflect.get(globalThis, 'window'), {
    whatsappMcpFind: async () => ({ directPath: '/v', type, mimetype }),
    require: () => ({ downloadManager: { downloadAndMaybeDecrypt } }),
  })
  expect(await page.open(['key'], null, false)).toMatchObject({ state: 'open' })
  expect(types).toEqual([asked])
})

it.each([
  ['REUPLOADING', 'later'],
  ['FETCHING', 'later'],
  ['NEED_POKE', 'later'],
  ['ERROR_MISSING', 'gone'],
  ['RESOLVED', 'open'],
])('of a file that the host has no more, the stage %s means: %s', async (mediaStage, state) => {
  const page = newDocument()
  const message = { directPath: '/old', type: 'image', mediaData: { mediaStage: 'INIT' } }
  const downloadMedia = async () => {
    message.mediaData = { mediaStage }
    if (mediaStage === 'RESOLVED') message.directPath = '/again'
  }
  const downloadAndMaybeDecrypt = async ({ directPath }: { directPath: string }) => {
    if (directPath !== '/again') throw Object.assign(new Error('not found'), { status: 404 })
    return new ArrayBuffer(3)
  }
  Object.assign(Reflect.get(globalThis, 'window'), {
    whatsappMcpFind: async () => Object.assign(message, { downloadMedia }),
    require: () => ({ downloadManager: { downloadAndMaybeDecrypt } }),
  })
  expect(await page.open(['key'], null, true)).toMatchObject({ state })
})
