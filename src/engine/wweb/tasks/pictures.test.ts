/** What counts as a picture that is set or removed, by our in-page code on a window of the test's. */
import { afterEach, expect, it, vi } from 'vitest'
import { installPageTasks } from '../page-tasks.ts'
import { setPicture } from './pictures.ts'

const ME = '15550001000@c.us'
const PICTURE = { mimetype: 'image/png', data: '' }
const REFUSED = Object.assign(new Error('refused'), { name: 'ServerStatusCodeError', status: 406 })

afterEach(() => vi.unstubAllGlobals())

/** A page that gives these tags, one for each question, and the last one for all that follow; `undefined`: it does not say. */
function openPage(tags: (string | undefined)[], change: () => Promise<object>): void {
  const widOf = (id: string) => ({ toString: () => id })
  const modules: Record<string, object> = {
    WAWebWidFactory: { createWid: widOf },
    WAWebUserPrefsMeUser: { getMaybeMePnUser: () => widOf(ME) },
    WAWebContactProfilePicThumbBridge: {
      requestProfilePicFromServer: async () => ({ tag: tags.length > 1 ? tags.shift() : tags[0] }),
      sendSetPicture: change,
      requestDeletePicture: change,
    },
  }
  class Image {
    naturalWidth = 640
    naturalHeight = 640
    onload = () => {}
    set src(_: string) {
      queueMicrotask(() => this.onload())
    }
  }
  vi.stubGlobal('Image', Image)
  vi.stubGlobal('document', { createElement: () => ({ getContext: () => null, toDataURL: () => '' }) })
  vi.stubGlobal('window', {
    require: (name: string) => modules[name],
    whatsappMcpModules: { ensure: async (name: string) => modules[name] },
    whatsappMcpRows: { attempt: (work: () => unknown) => work(), findChat: () => undefined },
  })
  installPageTasks()
}

const refused = async () => Promise.reject(REFUSED)
const accepted = async () => ({ status: 200 })
const unsaid = async () => ({})

it.each([
  ['refused, the tag of before unknown', [undefined, 'old'], refused, { problem: 'refused' }],
  ['refused, the same tag as before', ['old'], refused, { problem: 'refused' }],
  ['refused only afterwards: another tag than before', ['old', 'new'], refused, { gives: { tag: 'new' } }],
  ['accepted, the tag of before unknown', [undefined, 'new'], accepted, { gives: { tag: 'new' } }],
  [
    'neither accepted nor refused, the tag of before unknown',
    [undefined, 'any'],
    unsaid,
    { problem: 'open' },
  ],
  [
    'neither accepted nor refused, another tag than before',
    ['old', 'new'],
    unsaid,
    { gives: { tag: 'new' } },
  ],
])('a picture that is %s', async (_, tags, change, outcome) => {
  openPage(tags, change)
  const done = await setPicture.run({ group: null, picture: PICTURE }, Date.now() + 10_000)
  expect(done).toMatchObject(outcome)
})

it.each([
  ['refused, the tag of before unknown', [undefined, 'old'], refused, { problem: 'refused' }],
  ['refused, but there is none', [undefined, ''], refused, { gives: { tag: null } }],
  ['accepted, and gone', ['old', ''], accepted, { gives: { tag: null } }],
  ['accepted, and still there', ['old'], accepted, { problem: 'open' }],
])('a removal that is %s', async (_, tags, change, outcome) => {
  openPage(tags, change)
  const done = await setPicture.run({ group: null, picture: null }, Date.now() + 10_000)
  expect(done).toMatchObject(outcome)
})
