/** The engine alone, on the real library in a real browser: what it tells of the double's world, and what it reads. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSimulator } from '../simulator/open-simulator.ts'
import type { Simulator, World } from '../simulator/simulator.ts'
import { systemClock } from '../src/clock.ts'
import type { Engine, EngineEvent } from '../src/engine/engine.ts'
import { launchArgs } from '../src/engine/wweb/launch-args.ts'
import { wwebEngine } from '../src/engine/wweb/open-engine.ts'
import { createLog } from '../src/log.ts'
import { type Jid, newBareId, type PhoneNumber, toJid } from '../src/model/ids.ts'
import type { SeenChat } from '../src/model/seen.ts'
import { browserPath } from './harness.ts'

type Named<T extends EngineEvent['type']> = Extract<EngineEvent, { type: T }>

type Opened = {
  engine: Engine
  events: EngineEvent[]
  /** The first event of this type that fits, past or future. */
  event<T extends EngineEvent['type']>(type: T, fits?: (event: Named<T>) => boolean): Promise<Named<T>>
  close(): Promise<void>
}

async function open(
  simulator: Simulator,
  profileDir: string,
  executablePath = browserPath(),
): Promise<Opened> {
  const events: EngineEvent[] = []
  const watchers = new Set<() => void>()
  const engine = await wwebEngine({
    profileDir,
    executablePath,
    headless: true,
    browserArgs: launchArgs(true, simulator.chromiumArgs).args,
    proxy: null,
    clock: systemClock,
    log: createLog({ level: 'debug', write: (line) => process.env.SHOW_LOG && process.stderr.write(line) }),
  })({
    emit(event) {
      events.push(event)
      for (const look of [...watchers]) look()
    },
  })
  return {
    engine,
    events,
    event(type, fits = () => true) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const found = events.find((event) => event.type === type && fits(event as Named<typeof type>))
          if (found === undefined) return
          clearTimeout(timer)
          watchers.delete(look)
          resolve(found as Named<typeof type>)
        }
        const timer = setTimeout(
          () => reject(new Error(`no such ${type}; there were ${JSON.stringify(events.slice(-12))}`)),
          60_000,
        )
        watchers.add(look)
        look()
      })
    },
    close: () => engine.close(),
  }
}

const text = (words: string) => ({ kind: 'text' as const, text: words })
const options = (limitMs = 10_000) => ({ bareId: newBareId(), limitMs })

async function all<T>(pieces: AsyncIterable<T[]>): Promise<T[]> {
  const found: T[] = []
  for await (const piece of pieces) found.push(...piece)
  return found
}

async function listed(engine: Engine): Promise<SeenChat[]> {
  const found: SeenChat[] = []
  for await (const { chats, unread } of engine.readChats()) {
    expect(unread).toEqual([])
    found.push(...chats)
  }
  return found
}

it.skipIf(process.platform === 'win32')(
  'has no name of a headless browser either if the browser does not print its version',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wma-engine-'))
    const silent = join(folder, 'browser')
    const script = `#!/bin/sh\n[ "$1" = --version ] && exit 1\nexec '${browserPath()}' "$@"\n`
    writeFileSync(silent, script, { mode: 0o700 })
    const simulator = await openSimulator({ dataDir: null, pace: 'none', control: null })
    const opened = await open(simulator, join(folder, 'session-default'), silent)
    try {
      await opened.event('qr')
      const names = simulator.world.state().browserNames
      expect(names.join()).toContain(' Chrome/')
      expect(names.join()).not.toContain('Headless')
    } finally {
      await opened.close()
      await simulator.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    }
  },
)

describe.each(['2.3000.1049045808', '2.3000.1034728815'])('the engine on build %s', (build) => {
  let simulator: Simulator
  let world: World
  let opened: Opened
  let folder: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wma-engine-'))
    simulator = await openSimulator({ dataDir: null, pace: 'none', control: null, build })
    world = simulator.world
    opened = await open(simulator, join(folder, 'session-default'))
    await world.scan()
    await opened.event('ready')
  })
  afterAll(async () => {
    await opened?.close()
    await simulator?.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  it('calls itself as a browser with a window does, in headers and to scripts', () => {
    const names = world.state().browserNames
    expect(names.filter((name) => name.startsWith('Mozilla/5.0 ('))).toHaveLength(1)
    expect(names.find((name) => name.startsWith('Mozilla/5.0 ('))).toMatch(
      / Chrome\/[1-9]\d+\.0\.0\.0 Safari/,
    )
    expect(names.join()).not.toContain('Headless')
    // The header sec-ch-ua, and navigator.userAgentData. The headless shell has none.
    const hints = names.filter((name) => /Chromium"(;v=|,"version":)"[1-9]/.test(name))
    expect(hints).toHaveLength(browserPath().endsWith('headless-shell') ? 0 : 2)
  })

  const person = (index: number) => {
    const found = world.state().contacts[index]
    if (found === undefined) throw new Error('no such contact')
    return found
  }
  const group = (index: number) => {
    const found = world.state().groups[index]
    if (found === undefined) throw new Error('no such group')
    return found
  }
  const message = (bareId: string, fits: (message: Named<'message'>['message']) => boolean = () => true) =>
    opened.event('message', (event) => event.message.bareId === bareId && fits(event.message))
  const chat = (id: string, fits: (chat: Named<'chats'>['chats'][number]) => boolean) =>
    opened.event('chats', ({ chats }) => chats.some((one) => one.id === id && fits(one)))

  it('reports messages with the address that WhatsApp uses', async () => {
    const amara = person(0)
    const written = await world.write({ from: amara.phone, text: 'hello', t: 1_700_000_000 })
    const told = await message(written.id)
    expect(told.message).toEqual({
      chat: `${amara.phone}@c.us`,
      bareId: written.id,
      fromMe: false,
      sender: `${amara.phone}@c.us`,
      senderName: amara.pushname,
      type: 'chat',
      body: 'hello',
      sentAt: 1_700_000_000,
      ack: expect.any(Number),
      hasMedia: false,
      starred: false,
      standing: 'message',
      content: {},
      source: null,
      raw: {
        engine: 'wweb',
        build: expect.any(String),
        model: expect.objectContaining({ type: 'chat', body: 'hello' }),
      },
      quoted: null,
      mentions: [],
      forwarded: false,
      editedAt: null,
      expiresAt: null,
      reactions: null,
      votes: null,
    })
    const ming = person(2)
    const byLid = await world.write({ from: ming.phone, text: '你好' })
    expect((await message(byLid.id)).message).toMatchObject({
      chat: `${ming.lid}@lid`,
      sender: `${ming.lid}@lid`,
    })
    const inGroup = await world.write({ from: person(1).phone, chat: group(1).id, text: 'in the group' })
    expect((await message(inGroup.id)).message).toMatchObject({
      chat: group(1).id,
      sender: `${person(1).lid}@lid`,
      body: 'in the group',
    })
    const mine = await world.writeFromPhone({ chat: group(0).id, text: 'mine' })
    expect((await message(mine.id)).message).toMatchObject({ fromMe: true, sender: null, senderName: null })
  })

  it('reports which message a reply quotes', async () => {
    const first = await world.write({ from: person(0).phone, text: 'a question' })
    const answer = await world.write({ from: person(0).phone, text: 'an answer', quote: first.id })
    expect((await message(answer.id)).message.quoted).toEqual({
      bareId: first.id,
      sender: `${person(0).phone}@c.us`,
      body: 'a question',
    })
  })

  it('reports the chat of a new message as it is now', async () => {
    const written = await world.write({ from: person(3).phone, text: 'count me' })
    const id = `${person(3).phone}@c.us`
    const { chats } = await chat(id, ({ last }) => last?.bareId === written.id)
    expect(chats.find((one) => one.id === id)).toMatchObject({
      name: null,
      unreadCount: expect.any(Number),
      archived: false,
      pinnedAt: 0,
      mutedUntil: 0,
      isReadOnly: false,
      members: null,
      last: { body: 'count me' },
    })
  })

  it('sends, and reports its own message and its acks', async () => {
    const to = toJid(`${person(0).phone}@c.us`)
    const bareId = newBareId()
    const sent = await opened.engine.send(to, text('from here'), { ...options(), bareId })
    expect(sent.message).toMatchObject({ chat: to, fromMe: true, sender: null, body: 'from here', ack: 1 })
    expect(sent.message.bareId).toBe(bareId)
    expect(sent.id).toBe(`true_${to}_${bareId}`)
    expect(world.messages().filter(({ id }) => id === bareId)).toHaveLength(1)
    await message(sent.message.bareId)
    await world.read({ by: person(0).phone })
    const { chat: where } = await opened.event('ack', (e) => e.bareId === sent.message.bareId && e.ack === 3)
    expect(where).toBe(to)
  })

  it.each([
    ['a person by phone number', () => `${person(0).phone}@c.us`],
    ['a person by LID', () => `${person(2).lid}@lid`],
    ['a group by phone numbers', () => group(0).id],
    ['a group by LIDs', () => group(1).id],
    ['oneself', () => `${world.state().account?.phone}@c.us`],
  ])('gives a message to %s the id that was chosen before', async (_, chat) => {
    const bareId = newBareId()
    const sent = await opened.engine.send(toJid(chat()), text('chosen'), { ...options(), bareId })
    expect(sent.message).toMatchObject({ bareId, body: 'chosen', fromMe: true })
    expect(world.messages().filter(({ id }) => id === bareId)).toHaveLength(1)
    await opened.event('ack', (event) => event.bareId === bareId && event.ack >= 1)
  })

  it('never takes a message of the phone with the same text for its own', async () => {
    const to = toJid(`${person(0).phone}@c.us`)
    await world.setFault({ name: 'send_fails', value: true })
    await world.setFault({ name: 'send_waits', value: true })
    const bareId = newBareId()
    const refused = expect(
      opened.engine.send(to, text('ok'), { ...options(), bareId }),
    ).rejects.toMatchObject({ code: 'send_refused', facts: { message_id: `true_${to}_${bareId}` } })
    const phones = await world.writeFromPhone({ chat: person(0).phone, text: 'ok' })
    await message(phones.id)
    await world.setFault({ name: 'send_waits', value: false })
    await refused
    await world.clearFaults()
  })

  it('does not look up a number whose chat WhatsApp Web has', async () => {
    await world.setFault({ name: 'lookup_hangs', value: true })
    for (const [index, address] of [
      [0, `${person(0).phone}@c.us`],
      [2, `${person(2).lid}@lid`],
    ] as const) {
      expect(await opened.engine.findNumber(person(index).phone as PhoneNumber)).toBe(address)
    }
    await world.setFault({ name: 'lookup_hangs', value: false })
  })

  it('reads every chat, with its newest message and its members', async () => {
    const chats = await listed(opened.engine)
    const weekend = chats.find(({ id }) => id === group(0).id)
    expect(weekend).toMatchObject({ name: group(0).subject, isReadOnly: false, last: { chat: group(0).id } })
    expect(weekend?.members?.map(({ id }) => id).sort()).toEqual(
      group(0)
        .members.map((phone) => `${phone}@c.us`)
        .sort(),
    )
    const announcing = world.addGroup({ subject: 'News', members: [person(1).phone], announce: true })
    await chat(announcing.id, () => true)
    const [news] = (await listed(opened.engine)).filter(({ id }) => id === announcing.id)
    expect(news).toBeDefined()
    expect(chats.filter(({ id }) => id.endsWith('@lid')).length).toBeGreaterThan(0)
  })

  it('reads every person', async () => {
    const people = await all(opened.engine.readContacts())
    const { phone, lid, name, pushname } = person(0)
    expect(people.find((one) => one.phone === `${phone}@c.us`)).toEqual({
      phone: `${phone}@c.us`,
      lid: `${lid}@lid`,
      name,
      pushname,
      inAddressBook: true,
      isBusiness: false,
      isBlocked: false,
    })
    expect(people.every((one) => one.phone !== null || one.lid !== null)).toBe(true)
  })

  it('asks WhatsApp for nothing while it lists and watches chats', async () => {
    await world.setFault({ name: 'group_metadata', value: { mode: 'hangs' } })
    const written = await world.write({ from: person(1).phone, chat: group(0).id, text: 'busy' })
    await chat(group(0).id, ({ last }) => last?.bareId === written.id)
    await world.setFault({ name: 'group_metadata', value: { mode: 'rejects' } })
    expect((await listed(opened.engine)).some(({ id }) => id === group(0).id)).toBe(true)
    await world.setFault({ name: 'group_metadata', value: false })
  })

  it('walks back through a chat, page by page, to its first message', async () => {
    const { phone } = person(1)
    for (let n = 0; n < 75; n += 1) await world.write({ from: phone, text: `n${n}`, t: 1_690_000_000 + n })
    const held = world.messages({ chat: `${phone}@c.us` }).map(({ id }) => id)
    const read: string[] = []
    let before: Parameters<Engine['readMessages']>[1]['before'] = null
    for (;;) {
      const page = await opened.engine.readMessages(toJid(`${phone}@c.us`), { before, count: 20 })
      read.unshift(...page.messages.map(({ bareId }) => bareId))
      before = page.next
      if (page.end) break
      expect(page.messages).toHaveLength(20)
    }
    expect([...read].sort()).toEqual([...held].sort())
  })

  it('reads a chat by the other address of the same person, and before a message that is gone', async () => {
    const { phone, lid } = person(1)
    const { messages } = await opened.engine.readMessages(toJid(`${lid}@lid`), {
      before: { until: 1_690_000_050, without: ['GONE'] },
      count: 10,
    })
    expect(messages.at(-1)).toMatchObject({ chat: `${phone}@c.us`, body: 'n50' })
    expect(messages).toHaveLength(10)
  })

  it('knows no chat that is not there, and makes none', async () => {
    const stranger = world.addContact({ phone: '15550009999', name: null })
    await expect(
      opened.engine.readMessages(toJid(`${stranger.phone}@c.us`), { before: null, count: 5 }),
    ).rejects.toMatchObject({ code: 'chat_not_found' })
    const chats = await listed(opened.engine)
    expect(chats.some(({ id }) => id === (`${stranger.phone}@c.us` as Jid))).toBe(false)
  })
  it('fills in what could not be read at first', async () => {
    await world.setFault({ name: 'undecryptable', value: { afterMs: 300 } })
    const written = await world.write({ from: person(0).phone, text: 'a secret' })
    expect((await message(written.id)).message).toMatchObject({ type: 'ciphertext', body: '' })
    await message(written.id, ({ body, type }) => type === 'chat' && body === 'a secret')
    await world.setFault({ name: 'undecryptable', value: false })
  })

  it('describes media, and takes the caption for its text', async () => {
    const image = await world.writeContent({
      from: person(0).phone,
      content: { type: 'image', caption: 'a view', media: { width: 640, height: 480, sizeBytes: 12_345 } },
    })
    expect((await message(image.id)).message).toMatchObject({
      type: 'image',
      body: 'a view',
      hasMedia: true,
      content: { media: { mimetype: image.media?.mimetype, width: 640, height: 480, size_bytes: 12_345 } },
    })
    const voice = await world.writeContent({
      from: person(0).phone,
      content: { type: 'ptt', media: { seconds: 7 } },
    })
    expect((await message(voice.id)).message).toMatchObject({
      type: 'ptt',
      body: '',
      content: { media: { duration_s: 7 } },
    })
    const file = await world.writeContent({
      from: person(0).phone,
      content: { type: 'document', media: { filename: 'plan.pdf', mimetype: 'application/pdf' } },
    })
    expect((await message(file.id)).message.content.media).toMatchObject({
      filename: 'plan.pdf',
      mimetype: 'application/pdf',
    })
  })

  it('reports calls, notices, polls, mentions and forwarded texts', async () => {
    const from = person(0).phone
    const notice = await world.writeContent({ from, content: { type: 'e2e_notification' } })
    const call = await world.writeContent({ from, content: { type: 'call_log', call: { missed: true } } })
    expect((await message(call.id)).message).toMatchObject({ type: 'call_log', body: '' })
    const poll = await world.writeContent({
      from,
      content: { type: 'poll_creation', poll: { name: 'When?', options: ['now', 'later'] } },
    })
    expect((await message(poll.id)).message).toMatchObject({ type: 'poll_creation', body: 'When?' })
    const mention = await world.writeContent({
      from: person(1).phone,
      chat: group(0).id,
      content: { type: 'chat', text: `@${from} look`, mentions: [from], forwarded: 2 },
    })
    expect((await message(mention.id)).message).toMatchObject({
      mentions: [`${from}@c.us`],
      forwarded: true,
    })
    expect((await message(notice.id)).message).toMatchObject({ type: 'e2e_notification', standing: 'notice' })
  })

  it('reports edits', async () => {
    const { id } = await world.write({ from: person(0).phone, text: 'befor' })
    const edited = await world.edit({ id, text: 'before' })
    const { message: now } = await message(id, ({ body }) => body === 'before')
    expect(now.editedAt).toBe(edited.editedAtMs)
  })

  it('reports messages deleted for everyone, under their own id', async () => {
    const { id } = await world.write({ from: person(0).phone, text: 'oops' })
    await message(id)
    await world.revoke({ id })
    expect((await message(id, ({ type }) => type === 'revoked')).message.body).toBe('')
    const inGroup = await world.write({ from: person(0).phone, chat: group(0).id, text: 'oops' })
    await message(inGroup.id)
    await world.revoke({ id: inGroup.id })
    expect((await message(inGroup.id, ({ type }) => type === 'revoked')).message.sender).toBe(
      `${person(0).phone}@c.us`,
    )
    const { messages } = await opened.engine.readMessages(toJid(group(0).id), { before: null, count: 9 })
    // Another message of the same second may stand after it.
    expect(messages.find(({ bareId }) => bareId === inGroup.id)).toMatchObject({ type: 'revoked', body: '' })
  })

  it('reports reactions, and reads them', async () => {
    const { id } = await world.write({ from: person(0).phone, text: 'like this' })
    await message(id)
    const from = `${person(0).phone}@c.us`
    await world.react({ id, by: person(0).phone, emoji: '👍' })
    const told = await opened.event('reaction', (e) => e.bareId === id)
    expect(told).toMatchObject({
      chat: from,
      messageSender: from,
      reaction: { sender: from, emoji: '👍', at: expect.any(Number) },
    })
    expect(Math.abs(told.reaction.at - Date.now())).toBeLessThan(120_000)
    await world.react({ id, by: 'me', emoji: '❤️' })
    await opened.event('reaction', (e) => e.bareId === id && e.reaction.sender === null)
    const { messages } = await opened.engine.readMessages(toJid(from), { before: null, count: 9 })
    // Another message of the same second may stand after it.
    const reacted = messages.find(({ bareId }) => bareId === id)
    expect(reacted?.reactions).toHaveLength(2)
    expect(reacted?.reactions).toEqual(
      expect.arrayContaining([
        { sender: from, emoji: '👍', at: told.reaction.at },
        { sender: null, emoji: '❤️', at: expect.any(Number) },
      ]),
    )
    await world.react({ id, by: person(0).phone, emoji: '' })
    await opened.event('reaction', (e) => e.bareId === id && e.reaction.emoji === '')
  })

  it('reports that a disappearing message is kept in its chat, and that it no longer is', async () => {
    const id = `${person(3).phone}@c.us`
    await world.setDisappearing({ chat: id, seconds: 86_400 })
    const written = await world.write({ from: person(3).phone, text: 'keep this' })
    const { message: told } = await message(written.id)
    expect(told).toMatchObject({ expiresAt: told.sentAt + 86_400 })
    await world.keep({ id: written.id, kept: true })
    await message(written.id, ({ isKept }) => isKept === true)
    const read = async () =>
      (await opened.engine.readMessages(toJid(id), { before: null, count: 1 })).messages[0]
    expect(await read()).toMatchObject({ bareId: written.id, expiresAt: null, isKept: true })
    opened.events.length = 0
    await world.keep({ id: written.id, kept: false })
    await message(written.id, ({ expiresAt }) => expiresAt === told.expiresAt)
    await world.setDisappearing({ chat: id, seconds: 0 })
  })

  it('reports what the phone does with a chat', async () => {
    const id = `${person(3).phone}@c.us`
    await world.archiveChat({ chat: id, archived: true })
    await chat(id, ({ archived }) => archived)
    await world.archiveChat({ chat: id, archived: false })
    await world.pinChat({ chat: id, pinned: true })
    const pinned = await chat(id, ({ archived, pinnedAt }) => !archived && pinnedAt > 0)
    const at = pinned.chats.find((one) => one.id === id)?.pinnedAt ?? 0
    expect(Math.abs(at - Date.now() / 1_000)).toBeLessThan(120)
    await world.muteChat({ chat: id, until: -1 })
    await chat(id, ({ mutedUntil }) => mutedUntil === -1)
    await world.markUnread({ chat: id })
    await chat(id, ({ unreadCount }) => unreadCount === -1)
    await world.deleteChat({ chat: id })
    await opened.event('chat_removed', (e) => e.chat === id)
  })

  it('reports names, blocking and the members of groups', async () => {
    const phone = `${person(4).phone}@c.us`
    const known = (fits: (contact: Named<'contacts'>['contacts'][number]) => boolean) =>
      opened.event('contacts', ({ contacts }) => contacts.some((one) => one.phone === phone && fits(one)))
    await world.renameContact({ phone: person(4).phone, name: 'Yusuf' })
    await known(({ name, inAddressBook }) => name === 'Yusuf' && inAddressBook)
    await world.setPushname({ phone: person(4).phone, pushname: 'Y.' })
    await known(({ pushname }) => pushname === 'Y.')
    await world.setContact({ phone: person(4).phone, blocked: true })
    await known(({ isBlocked }) => isBlocked)
    const { id } = world.addGroup({ subject: 'Choir', members: [person(0).phone] })
    await world.renameGroup({ group: id, subject: 'The choir' })
    await chat(id, ({ name }) => name === 'The choir')
    await world.addMembers({ group: id, members: [person(1).phone] })
    await chat(id, ({ members }) => members?.length === 2)
    await world.setAdmin({ group: id, member: person(1).phone, admin: true })
    await chat(id, ({ members }) => members?.some((one) => one.isAdmin) === true)
    await world.setAdmin({ group: id, member: 'me', admin: false, by: person(1).phone })
    await world.setAnnounce({ group: id, announce: true, by: person(1).phone })
    await chat(id, ({ isReadOnly }) => isReadOnly === true)
    opened.events.length = 0
    await world.setAdmin({ group: id, member: 'me', admin: true, by: person(1).phone })
    await chat(id, ({ isReadOnly }) => isReadOnly === false)
    await world.setAnnounce({ group: id, announce: false, by: person(1).phone })
    opened.events.length = 0
    await world.removeMembers({ group: id, members: ['me'], by: person(1).phone })
    await chat(id, ({ isReadOnly }) => isReadOnly === true)
  })

  it('shows channels and their posts', async () => {
    const channel = world.addChannel({ name: 'Weather' })
    const { id } = await channel
    await chat(id, ({ name, isReadOnly }) => name === 'Weather' && isReadOnly === true)
    const post = await world.writeInChannel({ channel: id, content: { type: 'chat', text: 'rain' } })
    await chat(id, ({ last }) => last?.bareId === post.id && last.sender === null)
    const { messages, end, before } = await opened.engine.readMessages(toJid(id), { before: null, count: 5 })
    expect(messages.at(-1)).toMatchObject({ chat: id, body: 'rain', sender: null })
    // One loading without anything is no proof that there is nothing.
    expect([end, before]).toEqual([true, null])
    expect((await listed(opened.engine)).filter((one) => one.id === id)).toHaveLength(1)
  })

  it('knows when messages disappear', async () => {
    const id = `${person(0).phone}@c.us`
    await world.setDisappearing({ chat: id, seconds: 86_400 })
    const written = await world.write({ from: person(0).phone, text: 'gone tomorrow' })
    expect((await message(written.id)).message.expiresAt).toBe(written.t + 86_400)
    await world.setDisappearing({ chat: id, seconds: 0 })
  })

  it('does not take a chat for deleted that moves to another address', async () => {
    const moved = await world.migrateChat({ phone: person(5).phone })
    await chat(`${moved.lid}@lid`, () => true)
    await world.write({ from: person(5).phone, text: 'moved' })
    await chat(`${moved.lid}@lid`, ({ last }) => last?.body === 'moved')
    expect(opened.events.some((e) => e.type === 'chat_removed' && e.chat === `${person(5).phone}@c.us`)).toBe(
      false,
    )
    const { messages } = await opened.engine.readMessages(toJid(`${person(5).phone}@c.us`), {
      before: null,
      count: 1,
    })
    expect(messages[0]?.body).toBe('moved')
  })

  it.each(['overlaps', 'incomplete'])('ends a walk through a history that %s', async (mode) => {
    await world.setFault({ name: 'earlier_messages', value: { mode, keep: 40 } })
    const id = `${person(1).phone}@c.us`
    const { messages, end } = await opened.engine.readMessages(toJid(id), { before: null, count: 1_000 })
    expect(end).toBe(true)
    expect(new Set(messages.map(({ bareId }) => bareId)).size).toBe(messages.length)
    await world.setFault({ name: 'earlier_messages', value: false })
  })

  it('says so when the history cannot be loaded', async () => {
    await world.setFault({ name: 'earlier_messages', value: { mode: 'rejects' } })
    await expect(
      opened.engine.readMessages(toJid(group(1).id), { before: null, count: 1_000 }),
    ).rejects.toMatchObject({ code: 'whatsapp_error' })
    await world.setFault({ name: 'earlier_messages', value: false })
  })

  it('says that something may have been missed, once, when the page was away', async () => {
    opened.events.length = 0
    const missed = () => opened.events.filter(({ type }) => type === 'missed').length
    const connections = () => opened.events.flatMap((e) => (e.type === 'connection' ? [e.connected] : []))
    await world.setFault({ name: 'reload_burst', value: { times: 1, withinMs: 0 } })
    await opened.event('missed')
    expect(connections()).toEqual([false, true])
    const written = await world.write({ from: person(0).phone, text: 'after the reload' })
    await message(written.id)
    expect(opened.events.filter((e) => e.type === 'message' && e.message.bareId === written.id)).toHaveLength(
      1,
    )
    expect((await listed(opened.engine)).length).toBeGreaterThan(0)
    await chat(`${person(0).phone}@c.us`, ({ last }) => last?.bareId === written.id)
    expect(missed()).toBe(1)
  })

  it('says so too when WhatsApp was away', async () => {
    opened.events.length = 0
    await world.setFault({ name: 'offline', value: true })
    await opened.event('connection', ({ connected }) => !connected)
    await expect(
      opened.engine.readMessages(toJid(`${person(0).phone}@c.us`), { before: null, count: 1 }),
    ).resolves.toMatchObject({ messages: [{ body: expect.any(String) }] })
    await world.setFault({ name: 'offline', value: false })
    await opened.event('missed')
    expect(opened.events.filter(({ type }) => type === 'missed')).toHaveLength(1)
  })
})
