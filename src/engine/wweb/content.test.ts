import { describe, expect, it } from 'vitest'
import { Content } from '../../model/content.ts'
import { isPreview } from '../../model/text.ts'
import { readVcard } from '../../model/vcard.ts'
import { bodyOf, contentOf, peopleOf, sourceOf } from './content.ts'
import { modelTools } from './plain-model.ts'
import type { RawMessage } from './raw.ts'

const id = { fromMe: false, remote: '900@lid', id: '3EB0' }
const PREVIEW = `/9j/${'4AAQSkZJRgABAQ'.repeat(20)}`

describe('readVcard', () => {
  it.each([
    [
      'FN:Zoë\nTEL;type=CELL;waid=15550001777:+1 555 000 1777',
      { name: 'Zoë', phone_numbers: ['15550001777'] },
    ],
    [
      'N:Doe;Jane;;;\r\nitem1.TEL:+43 1 234\r\nTEL:+43 1 234\r\nTEL:555',
      { name: 'as shown', phone_numbers: ['+43 1 234', '555'] },
    ],
    [
      'FN:A\\, B\\; C\nORG:Acme\\; Inc;Sales\nTEL;VALUE=uri:tel:+1-555',
      { name: 'A, B; C', phone_numbers: ['+1-555'], organization: 'Acme; Inc, Sales' },
    ],
    ['FN:Long\n  name\nNOTE:TEL:12', { name: 'Long name', phone_numbers: [] }],
    ['', { name: 'as shown', phone_numbers: [] }],
  ])('reads %j', (lines, card) => {
    expect(readVcard(`BEGIN:VCARD\nVERSION:3.0\n${lines}\nEND:VCARD`, 'as shown')).toEqual(card)
  })
})

describe('bodyOf', () => {
  it('is never a preview', () => {
    for (const type of ['location', 'product', 'order', 'something_new', 'groups_v4_invite'])
      expect(bodyOf({ type, body: PREVIEW, comment: undefined })).toBe('')
    expect(bodyOf({ type: 'location', body: PREVIEW, comment: 'meet here' })).toBe('meet here')
    expect(bodyOf({ type: 'image', body: PREVIEW })).toBe('')
    expect(bodyOf({ type: 'vcard', body: 'BEGIN:VCARD' })).toBe('')
  })
  it.each([
    ['is not the name of a file', { caption: 'plan.pdf' }, ''],
    ['is the caption of a file', { caption: 'the plan', isCaptionByUser: true }, 'the plan'],
    ['is a caption that repeats the name', { caption: 'plan.pdf', isCaptionByUser: true }, 'plan.pdf'],
    ['is a caption, also where nothing says whose it is', { caption: 'the plan' }, 'the plan'],
  ])('%s', (_, fields, body) => {
    expect(bodyOf({ type: 'document', directPath: '/v', filename: 'plan.pdf', ...fields })).toBe(body)
  })
  it('is what people wrote, also where it looks like data', () => {
    expect(bodyOf({ type: 'chat', body: PREVIEW })).toBe(PREVIEW)
    expect(bodyOf({ type: 'something_new', body: 'hello there' })).toBe('hello there')
    expect(isPreview('Donaudampfschifffahrtsgesellschaft')).toBe(false)
  })
})

describe('contentOf', () => {
  const read = (raw: Partial<RawMessage>) => contentOf({ id, ...raw }, false)
  it('leaves out what is of another type than expected', () => {
    for (const type of [
      'location',
      'vcard',
      'multi_vcard',
      'poll_creation',
      'event_creation',
      'call_log',
      'order',
      'list',
      'interactive',
      'hsm',
      'payment',
      'product',
    ]) {
      const odd = {
        body: {},
        lat: 'x',
        loc: 7,
        vcardList: 7,
        pollOptions: {},
        eventName: [],
        list: 'x',
        buttons: [null, 7],
      }
      expect(() => read({ type, ...(odd as object) })).not.toThrow()
    }
    expect(read({ type: 'location', lat: 91, lng: 0 })).toEqual({})
  })
  it('cuts a long text between two characters', () => {
    const description = `${'x'.repeat(4_095)}👍 and more`
    expect(read({ type: 'product', description }).product?.description).toBe('x'.repeat(4_095))
  })
  it('names the file by its hash', () => {
    const filehash = Buffer.alloc(32, 7).toString('base64')
    expect(read({ type: 'image', directPath: '/v', filehash }).media).toEqual({ sha256: '07'.repeat(32) })
    expect(
      sourceOf({ id, type: 'image', directPath: '/v', filehash, mediaKey: 'k', size: '12' }),
    ).toMatchObject({
      directPath: '/v',
      mediaKey: 'k',
      filehash,
      sizeBytes: 12,
    })
    expect(sourceOf({ id, type: 'revoked', directPath: '/v' })).toBeNull()
  })
  it.each<[given: unknown, read: number | undefined]>([
    [9_223_372_036_854_775_807n.toString(), undefined],
    [2 ** 63, undefined],
    [1e300, undefined],
    ['99999999999999999999', undefined],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    [2.5, 3],
    [0.2, undefined],
    [-1, undefined],
    ['12', 12],
  ])('reads the size and votes %j as %j', (given, expected) => {
    const file = {
      id,
      type: 'document',
      directPath: '/v',
      size: given,
      width: given,
      height: given,
    } as RawMessage
    const snapshot = { pollName: 'When?', pollVotesSnapshot: [{ name: 'Fri', optionVoteCount: given }] }
    const [media, poll] = [read(file), read({ type: 'poll_result_snapshot', ...snapshot })]
    expect(media.media).toEqual({ size_bytes: expected, width: expected, height: expected })
    expect(poll.poll?.options).toEqual([{ name: 'Fri', votes: expected }])
    expect(sourceOf(file)?.sizeBytes).toBe(expected ?? null)
    for (const content of [media, poll]) expect(() => Content.parse(content)).not.toThrow()
  })
})

describe('peopleOf', () => {
  const [MEMBER, GUEST] = ['15550001101@c.us', '15550001777@c.us']
  it.each([
    [[MEMBER, GUEST], [], [GUEST]],
    [[MEMBER], [GUEST], [GUEST]],
    [[], [], []],
  ])(
    'of a request to join with the parameters %j and the recipients %j: %j',
    (params, recipients, people) => {
      const notice = { id, type: 'gp2', subtype: 'created_membership_requests', recipients }
      expect(peopleOf({ ...notice, templateParams: params })).toEqual(people)
    },
  )
})

describe('toPlainObject', () => {
  const { toPlainObject } = modelTools()
  it('keeps what says something, as plain data', () => {
    const wid = { server: 'lid', toString: () => '900@lid' }
    expect(
      toPlainObject({
        type: 'chat',
        body: 'x'.repeat(300),
        star: false,
        from: wid,
        author: { _serialized: '1@c.us' },
        parentMsgKey: { fromMe: true, remote: wid, id: 'A', toString: () => 'true_900@lid_A' },
        secret: new Uint8Array([1, 255]),
        jsonSecret: { 0: 1, 1: 255 },
        nothing: [null, '', {}],
        deep: { list: [{ n: 1, no: null }] },
      }),
    ).toEqual({
      type: 'chat',
      body: 'x'.repeat(300),
      from: '900@lid',
      author: '1@c.us',
      parentMsgKey: { fromMe: true, remote: '900@lid', id: 'A' },
      secret: 'hex:01ff',
      jsonSecret: 'hex:01ff',
      deep: { list: [{ n: 1 }] },
    })
  })
  it('leaves out previews, bytes and what throws, and ends', () => {
    const loop: Record<string, unknown> = {
      type: 'location',
      body: PREVIEW,
      sidecar: new Uint8Array(500),
      jpegThumbnail: 'x',
    }
    loop.loop = loop
    Object.defineProperty(loop, 'broken', {
      enumerable: true,
      get: () => {
        throw new Error('gone')
      },
    })
    expect(JSON.stringify(toPlainObject(loop)).length).toBeLessThan(1_000)
    expect(toPlainObject(loop)).toMatchObject({ type: 'location' })
    expect(toPlainObject(loop).body).toBeUndefined()
    const card = `BEGIN:VCARD\nFN:A\nPHOTO;ENCODING=b:${'A'.repeat(999)}\n ${'B'.repeat(99)}\nTEL:1\nEND:VCARD`
    expect(toPlainObject({ type: 'vcard', body: card }).body).toBe('BEGIN:VCARD\nFN:A\nTEL:1\nEND:VCARD')
  })
})
