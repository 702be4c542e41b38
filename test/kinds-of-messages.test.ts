/** Every kind of message that WhatsApp Web has: through its page, over REST and MCP, in the search and in both exports. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KINDS } from '../simulator/kinds.ts'
import type { NewContent } from '../simulator/simulator.ts'
import { type Harness, openHarness } from './harness.ts'

const AMARA = '15550001101'
const CARD = (name: string) =>
  `BEGIN:VCARD\nVERSION:3.0\nFN:${name}\nTEL;waid=15550001777:+1 555 000 1777\nEND:VCARD`

type Expected = {
  /** What the message is in the API, beside its kind's own fields. */
  body?: string
  summary?: string | RegExp
  /** Only listed with include_notices. */
  notice?: true
  unknown?: true
  /** A word that only this message has; null: it has none. */
  word: string | null
  fields?: object
}

/** Content that the double's own verbs write. */
const COMMON: Record<string, [content: NewContent, expected: Expected]> = {
  text: [
    { type: 'chat', text: 'kindtext' },
    { body: 'kindtext', word: 'kindtext' },
  ],
  photo: [
    { type: 'image', caption: 'kindphoto' },
    {
      body: 'kindphoto',
      word: 'kindphoto',
      fields: { media: { mimetype: 'image/jpeg', sha256: expect.stringMatching(/^[\da-f]{64}$/) } },
    },
  ],
  video: [
    { type: 'video', caption: 'kindvideo' },
    { body: 'kindvideo', word: 'kindvideo' },
  ],
  'voice note': [
    { type: 'ptt', media: { seconds: 12 } },
    { summary: 'Voice note, 0:12', word: null },
  ],
  audio: [
    { type: 'audio', media: { seconds: 65 } },
    { summary: 'Audio, 1:05', word: null },
  ],
  document: [
    { type: 'document', caption: 'kindpaper', media: { filename: 'kindfile.pdf' } },
    { body: 'kindpaper', word: 'kindfile' },
  ],
  'document without a caption': [
    { type: 'document', media: { filename: 'kindbare.pdf' } },
    { summary: 'Document, kindbare.pdf', word: 'kindbare' },
  ],
  sticker: [{ type: 'sticker' }, { summary: 'Sticker', word: null }],
  location: [
    {
      type: 'location',
      location: { lat: 48.2104, lng: 16.3655, name: 'Kindcafé Central', address: 'Herrengasse' },
    },
    {
      summary: 'Location: Kindcafé Central, Herrengasse (48.2104, 16.3655)',
      word: 'kindcafe',
      fields: {
        location: { latitude: 48.2104, longitude: 16.3655, name: 'Kindcafé Central', address: 'Herrengasse' },
      },
    },
  ],
  contact: [
    { type: 'vcard', vcards: [CARD('Kindzoë')] },
    {
      summary: 'Contact: Kindzoë (15550001777)',
      word: 'kindzoe',
      fields: { contacts: [{ name: 'Kindzoë', phone_numbers: ['15550001777'] }] },
    },
  ],
  contacts: [
    { type: 'vcard', vcards: [CARD('Kindone'), CARD('Kindtwo')] },
    {
      summary: 'Contacts: Kindone (15550001777), Kindtwo (15550001777)',
      word: 'kindtwo',
      fields: { contacts: [{ name: 'Kindone' }, { name: 'Kindtwo' }] },
    },
  ],
  poll: [
    {
      type: 'poll_creation',
      poll: { name: 'Kindwhen?', options: ['kindmonday', 'kindtuesday'], multiple: true },
    },
    {
      body: 'Kindwhen?',
      summary: 'Poll: Kindwhen? (kindmonday, kindtuesday)',
      word: 'kindtuesday',
      fields: {
        poll: {
          question: 'Kindwhen?',
          multiple: true,
          options: [
            { name: 'kindmonday', votes: 0 },
            { name: 'kindtuesday', votes: 0 },
          ],
        },
      },
    },
  ],
  'voice call': [
    { type: 'call_log', call: { seconds: 60 } },
    {
      notice: true,
      summary: 'Call, connected, 1:00',
      word: null,
      fields: { call: { video: false, outcome: 'connected', duration_s: 60 } },
    },
  ],
  'encryption notice': [
    { type: 'e2e_notification' },
    { notice: true, summary: 'Encryption notice', word: null, fields: { notice: { action: 'encrypt' } } },
  ],
}

const ISO = '2023-11-14T22:13:20Z'

/** The kinds of the double's table. */
const EXPECTED: Record<keyof typeof KINDS, Expected> = {
  gif: { body: 'kindgif', word: 'kindgif' },
  'video note': { summary: 'Video note, 0:09', word: null },
  'sticker pack': { summary: 'Sticker pack', word: null },
  album: { summary: 'Album, 2 photos, 1 video', word: null },
  'photo of an album': {
    body: 'kindinalbum',
    word: 'kindinalbum',
    fields: { media: { album: '3EB0A1B0' } },
  },
  'view once': { summary: 'Photo to view once', word: null, fields: { view_once: true } },
  'live location': {
    body: 'kindlive',
    summary: 'Location: (-33.8568, 151.2153)',
    word: 'kindlive',
    fields: { location: { live: true } },
  },
  'scheduled call': { summary: `Event: kindscheduled at ${ISO}`, word: 'kindscheduled' },
  event: {
    summary: `Event: kindparty at ${ISO} in kindplace`,
    word: 'kindcake',
    fields: {
      event: {
        name: 'kindparty',
        description: 'bring kindcake',
        starts_at: ISO,
        ends_at: '2023-11-15T00:13:20Z',
        place: 'kindplace',
        join_link: 'https://call.whatsapp.com/video/x',
      },
    },
  },
  'cancelled event': {
    summary: /\(cancelled\)$/,
    word: 'kindcancelled',
    fields: { event: { cancelled: true } },
  },
  'shared event': { summary: `Event: kindshared at ${ISO}`, word: 'kindshared' },
  'answer to an event': { summary: 'Answer to an event', word: null },
  'poll result': {
    body: 'kindresult',
    summary: 'Poll result: kindresult (kindyes, kindno)',
    word: 'kindyes',
    fields: {
      poll: {
        options: [
          { name: 'kindyes', votes: 3 },
          { name: 'kindno', votes: 1 },
        ],
      },
    },
  },
  'group invitation': { body: 'kindjoinus', summary: 'Invitation to a group: kindgroup', word: 'kindgroup' },
  'channel admin invitation': {
    body: 'kindadmin',
    summary: 'Invitation to manage a channel: kindchannel',
    word: 'kindchannel',
  },
  'channel invitation': { summary: 'Invitation to a channel: kindfollow', word: 'kindfollow' },
  'answer to a channel': { body: 'kindanswer', word: 'kindanswer' },
  order: { body: 'kindorder', summary: 'Order: kindcoffee 7.50 EUR', word: 'kindcoffee' },
  product: { summary: 'Product: kindteapot 19.99 EUR', word: 'kindporcelain' },
  payment: { summary: 'Payment: 12.00 BRL kindlunch', word: 'kindlunch' },
  list: { body: 'kindlist text', summary: 'List: kindmenu (kindsoup, kindsalad)', word: 'kindsalad' },
  'answer to a list': { body: 'kindchosen', word: 'kindchosen' },
  'answer to buttons': { body: 'kindpressed', word: 'kindpressed' },
  'answer to a template': { body: 'kindtapped', word: 'kindtapped' },
  buttons: { body: 'kindbuttons text', summary: 'Text: (kindagree)', word: 'kindagree' },
  template: { body: 'kindtemplate text', summary: 'Template: (kindtrack)', word: 'kindunsubscribe' },
  interactive: {
    body: 'kindinteractive text',
    summary: 'Message with choices: kindheader (kindpay)',
    word: 'kindpay',
  },
  'answer to interactive': { body: 'kindflowdone', word: 'kindflowdone' },
  form: { body: 'kindform', word: 'kindform' },
  'long text': { summary: 'Long text', word: null },
  comment: { body: 'kindcomment', word: 'kindcomment' },
  'answer of an assistant': { body: 'kindassistant', word: 'kindassistant' },
  greeting: { body: 'kindgreeting', word: 'kindgreeting' },
  'request for the number': { summary: 'Request for the phone number', word: null },
  'business placeholder': { summary: /cannot show/, word: null },
  quarantined: { summary: /holds back/, word: null },
  unsupported: { unknown: true, summary: /unknown kind/, word: null },
  'a kind of tomorrow': { unknown: true, body: 'kindtomorrow', word: 'kindtomorrow' },
  'a kind of tomorrow, with a preview': { unknown: true, summary: /hologram_v2/, word: null },
  'new name of the group': {
    notice: true,
    summary: 'Notice: new name kindsubject',
    word: 'kindsubject',
    fields: { notice: { action: 'subject', text: 'kindsubject' } },
  },
  'somebody joined': {
    notice: true,
    summary: /^Notice: added /,
    word: null,
    fields: { notice: { action: 'add', people: ['15550001103@c.us'] } },
  },
  'a notice of tomorrow': { notice: true, summary: 'Notice: some new thing', word: null },
  'business notice': { notice: true, summary: /^Notice: biz intro unverified/, word: null },
  'list notice': { notice: true, summary: 'Notice: group created', word: null },
  'channel notice': { notice: true, summary: 'Notice: creation', word: null },
  'pinned message': { notice: true, summary: 'Pinned a message: pin', word: null },
  'history notice': { notice: true, summary: /^Shared earlier messages/, word: null },
  'missed video call': {
    notice: true,
    summary: 'Call, video, missed',
    word: null,
    fields: { call: { video: true, outcome: 'missed' } },
  },
}

const TABLE: [name: string, content: NewContent, expected: Expected][] = [
  ...Object.entries(COMMON).map(([name, [content, expected]]): [string, NewContent, Expected] => [
    name,
    content,
    expected,
  ]),
  ...Object.entries(KINDS).map(([name, model]): [string, NewContent, Expected] => [
    name,
    { type: 'raw', model },
    EXPECTED[name] ?? { word: null },
  ]),
]

/** Base64 of an image. */
const PREVIEW = /\/9j\/|[A-Za-z0-9+/]{100}/

let harness: Harness
/** Bare ids by name. */
const ids = new Map<string, string>()
// biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came back
let listed: Map<string, any>
// biome-ignore lint/suspicious/noExplicitAny: likewise
let lines: Map<string, any>
let text: string
let toolText: string
let toolNames: string[]

const bareIdOf = (key: string) => key.split('_')[2] ?? ''
const messagesOf = async (query: string) =>
  (await harness.get(`/api/messages?phone_number=${AMARA}&limit=100${query}`)).json.messages

beforeAll(async () => {
  harness = await openHarness()
  await harness.link()
})
afterAll(() => harness?.close())

it('arrives', async () => {
  await harness.synced()
  for (const [name, content] of TABLE) {
    const { id } = await harness.world.writeContent({ from: AMARA, content })
    ids.set(name, id)
  }
  const { id: last } = await harness.world.write({ from: AMARA, text: 'the last one' })
  const isAllThere = async () => {
    const found = new Set(
      (await messagesOf('&include_notices=true')).map(({ id }: { id: string }) => bareIdOf(id)),
    )
    return [...ids].filter(([, id]) => !found.has(id)).map(([name]) => name)
  }
  await expect.poll(isAllThere, { timeout: 60_000 }).toEqual([])
  await expect.poll(async () => bareIdOf((await messagesOf('')).at(-1).id)).toBe(last)
  // biome-ignore lint/suspicious/noExplicitAny: likewise
  const all: any[] = await messagesOf('&include_notices=true')
  listed = new Map(all.map((message) => [bareIdOf(message.id), message]))
  const chat = `${AMARA}@c.us`
  const { text: exported } = await harness.get(`/api/export?chat_id=${chat}`)
  const parsed = exported
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  lines = new Map(parsed.map((line) => [line.bare_id, line]))
  text = (await harness.get(`/api/export?format=text&chat_id=${chat}`)).text
  const mcp = await harness.mcp('auto')
  /** Page by page, because one answer of a tool is bounded. */
  const told = async (more: object): Promise<string> => {
    const pages: string[] = []
    for (let before: string | undefined, page = 0; page === 0 || before !== undefined; page += 1) {
      const input = { chat_id: chat, limit: 20, ...more, ...(before === undefined ? {} : { before }) }
      const { content } = await mcp.callTool({ name: 'whatsapp_read_messages', arguments: input })
      pages.push(JSON.stringify(content))
      before = / pass before (\w+@[\w.]+_\w+)/.exec(pages.at(-1) ?? '')?.[1]
    }
    return pages.join('\n')
  }
  toolText = await told({ include_notices: true, response_format: 'concise' })
  const usual = await told({ response_format: 'concise' })
  toolNames = [...usual.matchAll(/false_[^_]+_([A-Z0-9]+)/g)].map((match) => match[1] ?? '')
}, 240_000)

it('has at least 40 kinds, each expected', () => {
  expect(TABLE.length).toBeGreaterThan(40)
  expect(Object.keys(EXPECTED).sort()).toEqual(Object.keys(KINDS).sort())
})

describe.each(TABLE)('%s', (name, _, { body = '', summary, notice, unknown, word, fields = {} }) => {
  const id = () => ids.get(name) ?? ''

  it('is what it is over REST, without a preview', () => {
    const message = listed.get(id())
    expect(message).toMatchObject({ body, ...fields })
    if (summary === undefined) expect(message.summary === undefined || unknown === true).toBe(true)
    else expect(message.summary).toEqual(summary instanceof RegExp ? expect.stringMatching(summary) : summary)
    expect(message.unknown).toBe(unknown)
    const { sha256: _sha, ...media } = message.media ?? {}
    expect(JSON.stringify({ ...message, media })).not.toMatch(PREVIEW)
  })

  it('is listed by the tool, and a notice only if it is asked for', async () => {
    expect(toolText).toContain(id())
    expect(toolNames.includes(id())).toBe(notice !== true)
    const said = listed.get(id()).summary ?? body
    expect(toolText).toContain(JSON.stringify(JSON.stringify(said)).slice(3, -3))
  })

  it('is found by a word of it', async () => {
    if (word === null) return
    const found = async (more: string) => {
      const { json } = await harness.get(`/api/search?q=${encodeURIComponent(word)}${more}`)
      return json.messages.map((hit: { id: string }) => bareIdOf(hit.id))
    }
    expect(await found('&include_notices=true')).toEqual([id()])
    expect(await found('')).toEqual(notice ? [] : [id()])
  })

  it('is in both exports, with its model', () => {
    expect(lines.get(id())).toMatchObject({
      body,
      raw: { engine: 'wweb', build: expect.any(String), model: { type: listed.get(id()).type } },
    })
    expect(JSON.stringify(lines.get(id()).raw)).not.toMatch(/\/9j\//)
    const said = listed.get(id()).summary
    if (said !== undefined && listed.get(id()).media === undefined) expect(text).toContain(`[${said}]`)
    else expect(text).toContain(body)
  })
})

describe('at servers that are not those of people and groups', () => {
  it.each(['13135550002@bot', '15550001777@hosted', '77@hosted.lid'])(
    'a chat at %s is kept, with its address',
    async (from) => {
      const { id } = await harness.world.writeFromElsewhere({
        from,
        content: { type: 'chat', text: `hello ${from}` },
      })
      const read = () => harness.get(`/api/messages?chat_id=${from}`)
      await expect
        .poll(async () => (await read()).json.messages?.map(({ body }: { body: string }) => body))
        .toEqual([`hello ${from}`])
      const { chat, messages } = (await read()).json
      expect(chat).toMatchObject({ id: from, kind: 'other', is_group: false })
      expect(messages[0]).toMatchObject({ id: `false_${from}_${id}`, from, from_me: false })
      expect((await harness.get(`/api/messages/false_${from}_${id}`)).status).toBe(200)
      const { json } = await harness.get('/api/chats?limit=100')
      expect(json.chats.map((one: { id: string }) => one.id)).toContain(from)
    },
  )

  it('an author of a group is kept, with the address', async () => {
    const chat = harness.world.state().groups[0]?.id ?? ''
    const model = { type: 'chat', body: 'from elsewhere', author: { $wid: '42@hosted' } }
    await harness.world.writeContent({ from: AMARA, chat, content: { type: 'raw', model } })
    const last = async () => (await harness.get(`/api/messages?chat_id=${chat}&limit=1`)).json.messages?.[0]
    await expect.poll(async () => (await last())?.body).toBe('from elsewhere')
    expect(await last()).toMatchObject({ author: '42@hosted', sender_name: expect.stringMatching(/./) })
  })
})

it('the status counts what is unknown', async () => {
  const unknown = TABLE.filter(([, , expected]) => expected.unknown === true).length
  expect((await harness.get('/api/status')).json.archive.unknown_messages).toBe(unknown)
})
