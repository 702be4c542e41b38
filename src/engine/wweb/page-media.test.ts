/** The names of files in the page, by our in-page code on a window of the test's. */
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
