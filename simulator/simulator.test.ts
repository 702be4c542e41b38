/** Witness: the real whatsapp-web.js 1.34.7 in a real Chromium on the double, build by build. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type wweb from 'whatsapp-web.js'
import { newestBuild, newestBuildThatLinks, newestBuildWithSerialized } from './builds.ts'
import { type LibraryClient, makeProfileFolder, startClient, startLinkedClient } from './library-client.ts'
import { openSimulator } from './open-simulator.ts'
import type { Simulator } from './simulator.ts'

const amara = '15550001101'
const stranger = '15550001999'

describe('a build whose keys own _serialized: everything works unpatched', () => {
  let simulator: Simulator
  let library: LibraryClient
  const profiles = makeProfileFolder()
  const service = makeProfileFolder()

  const open = (): Promise<Simulator> =>
    openSimulator({ dataDir: service.path, build: newestBuildWithSerialized.name })

  beforeAll(async () => {
    simulator = await open()
    library = startClient(simulator, profiles.path)
  })
  afterAll(async () => {
    await library.stop()
    await simulator.close()
    await profiles.remove()
    await service.remove()
  })

  it('qr, scan, authenticated, ready', async () => {
    const qr = await library.event<string>('qr')
    expect(simulator.world.state().linking.qr).toBe(qr)
    await expect(simulator.world.scan({ qr: 'hello' })).rejects.toThrow('not a WhatsApp QR code')
    await expect(simulator.world.scan({ qr: qr.replace('2@', '2@A') })).rejects.toThrow('expired')
    const { deviceId } = await simulator.world.scan({ qr })
    await library.event('ready')
    expect(library.events.map((event) => event.name).filter((name) => name !== 'loading_screen')).toEqual([
      'qr',
      'authenticated',
      'ready',
    ])
    expect(library.client.info.wid._serialized).toBe('15550001000@c.us')
    expect(library.client.info.pushname).toBe('Robin Example')
    expect(await library.client.getState()).toBe('CONNECTED')
    expect(await library.client.getWWebVersion()).toBe(newestBuildWithSerialized.name)
    expect(simulator.world.state().devices).toMatchObject([{ id: deviceId, online: true }])
  })

  it('an inbound message becomes message_create and is confirmed', async () => {
    const sent = await simulator.world.write({ from: amara, text: 'Good morning 🌞' })
    const message = await library.event<wweb.Message>('message_create', ({ id }) => id.id === sent.id)
    expect(message).toMatchObject({
      body: 'Good morning 🌞',
      from: `${amara}@c.us`,
      fromMe: false,
      type: 'chat',
    })
    expect(message.id._serialized).toBe(`false_${amara}@c.us_${sent.id}`)
    await expect.poll(() => Object.values(find(simulator, sent.id).deliveredTo)).toEqual([true])
  })

  it('a group message names its author, by LID in a group of that mode', async () => {
    const [hike, house] = simulator.world.state().groups
    const inHike = await simulator.world.write({ from: amara, text: 'map?', chat: hike?.id ?? '' })
    const inHouse = await simulator.world.write({ from: '15550001103', text: '好', chat: house?.id ?? '' })
    const first = await library.event<wweb.Message>('message_create', ({ id }) => id.id === inHike.id)
    const second = await library.event<wweb.Message>('message_create', ({ id }) => id.id === inHouse.id)
    expect(first).toMatchObject({ from: hike?.id, author: `${amara}@c.us` })
    expect(second.author).toMatch(/^\d+@lid$/)
    expect(second.id._serialized).toBe(`false_${house?.id}_${inHouse.id}_${second.author}`)
  })

  it('sendMessage: message_create first, then the result, ack 1, 2 and, once read, 3', async () => {
    const sent = await library.client.sendMessage(`${amara}@c.us`, 'On my way', { waitUntilMsgSent: true })
    expect(sent.id._serialized).toBe(`true_${amara}@c.us_${sent.id.id}`)
    expect(library.events.some(({ args: [m] }) => (m as wweb.Message)?.id?.id === sent.id.id)).toBe(true)
    expect(find(simulator, sent.id.id)).toMatchObject({ body: 'On my way', fromMe: true })
    await expect.poll(() => find(simulator, sent.id.id).ack).toBe(2)
    await simulator.world.read({ by: amara })
    await library.event('message_ack', ({ id, ack }: wweb.Message) => id.id === sent.id.id && ack === 3)
    const acks = library.events
      .filter(({ name, args: [m] }) => name === 'message_ack' && (m as wweb.Message).id.id === sent.id.id)
      .map(({ args }) => args[1])
    expect(acks).toEqual([1, 2, 3])
  })

  it('group, LID chat, chat with oneself, and what the phone writes', async () => {
    const { groups, contacts } = simulator.world.state()
    const inGroup = await library.client.sendMessage(groups[0]?.id ?? '', 'I bring it')
    expect(inGroup.id._serialized).toBe(`true_${groups[0]?.id}_${inGroup.id.id}_15550001000@c.us`)
    const ming = contacts.find((contact) => contact.phone === '15550001103')
    const byPhone = await library.client.sendMessage('15550001103@c.us', 'addressed by phone')
    expect(byPhone.to).toBe(`${ming?.lid}@lid`)
    const toMyself = await library.client.sendMessage('15550001000@c.us', 'note')
    expect(toMyself.id._serialized).toBe(`true_15550001000@c.us_${toMyself.id.id}_out`)
    const onPhone = await simulator.world.writeFromPhone({ chat: amara, text: 'from the phone' })
    const heard = await library.event<wweb.Message>('message_create', ({ id }) => id.id === onPhone.id)
    expect(heard).toMatchObject({ fromMe: true, body: 'from the phone', to: `${amara}@c.us` })
  })

  it('numbers: known, unknown, never resolved; ids that are none', async () => {
    const { client } = library
    expect(await client.getNumberId(stranger)).toBeNull()
    simulator.world.addContact({ phone: stranger, name: null, pushname: 'New' })
    await expect(client.sendMessage(`${stranger}@c.us`, 'hi')).rejects.toThrow('No LID for user')
    expect(await client.getNumberId(stranger)).toMatchObject({ _serialized: `${stranger}@c.us` })
    expect((await client.sendMessage(`${stranger}@c.us`, 'hi')).to).toBe(`${stranger}@c.us`)
    await expect(client.sendMessage('15550001101', 'hi')).rejects.toThrow('wid error: invalid wid')
    await expect(client.sendMessage('120363999999999999@g.us', 'hi')).rejects.toThrow('new chat not found')
    expect(await client.getNumberId('15550001103')).toMatchObject({ server: 'lid' })
    const [pair] = await client.getContactLidAndPhone([`${amara}@c.us`])
    expect(pair).toMatchObject({ pn: `${amara}@c.us`, lid: expect.stringMatching(/^\d+@lid$/) })
  })

  it('chats, contacts and history can be read', async () => {
    const chats = await library.client.getChats()
    expect(chats[0]?.timestamp).toBeGreaterThanOrEqual(chats[1]?.timestamp ?? 0)
    expect(chats.map((chat) => chat.name)).toContain('Weekend hike ⛰️')
    const chat = await library.client.getChatById(`${amara}@c.us`)
    expect(chat.lastMessage.body).toBe('from the phone')
    const history = await chat.fetchMessages({ limit: 1000 })
    expect(history.map((message) => message.body).slice(0, 2)).toEqual([
      'Are we still on for Thursday?',
      'Yes, 6 pm at the usual place',
    ])
    const contacts = await library.client.getContacts()
    // Listed twice: the contact by LID has no name.
    const ming = simulator.world.state().contacts.find(({ phone }) => phone === '15550001103')
    const twice = contacts.filter(({ id }) => [ming?.phone, ming?.lid].includes(id.user))
    expect(twice.map(({ name }) => name).sort()).toEqual(['王小明', undefined])
    expect(await library.client.getMessageById(history[0]?.id._serialized ?? '')).toMatchObject({
      fromMe: false,
    })
  })

  it('reply, search, typing, and a new group', async () => {
    const { client } = library
    const question = await simulator.world.write({ from: amara, text: 'Tea or coffee?' })
    const message = await library.event<wweb.Message>('message_create', ({ id }) => id.id === question.id)
    const answer = await message.reply('Coffee ☕')
    expect(answer.hasQuotedMsg).toBe(true)
    expect((await answer.getQuotedMessage()).body).toBe('Tea or coffee?')
    expect(find(simulator, answer.id.id).quoted).toBe(question.id)
    // Whatever WhatsApp Web does not let be answered, the library sends as if nothing had been quoted.
    await simulator.world.revoke({ id: question.id })
    const revoked = await library.event<wweb.Message>('message_revoke_everyone')
    expect(
      (
        await client.sendMessage(revoked.from, 'Or not', {
          quotedMessageId: revoked.id._serialized,
          ignoreQuoteErrors: false,
        })
      ).hasQuotedMsg,
    ).toBe(false)
    expect((await client.searchMessages('coffee')).map(({ body }) => body)).toEqual(['Coffee ☕'])
    await (await message.getChat()).sendStateTyping()
    const made = await client.createGroup('Tea club', [`${amara}@c.us`])
    expect(made).toMatchObject({
      title: 'Tea club',
      participants: { [`${amara}@c.us`]: { statusCode: 200 } },
    })
    expect(simulator.world.state().groups.at(-1)).toMatchObject({ subject: 'Tea club', members: [amara] })
  })

  it('what is not built is refused in a sentence', async () => {
    const save = library.client.saveOrEditAddressbookContact(amara, 'Amara', 'Okafor')
    expect(await rejection(save)).toContain('WAWebSaveContactAction is not built')
    await expect.poll(() => simulator.world.state().refusals).toHaveLength(1)
  })

  it('restart of browser and service: the saved link opens without a QR, the backlog without an event', async () => {
    await library.stop()
    await simulator.close()
    simulator = await open()
    const missed = await simulator.world.write({ from: amara, text: 'while you were away' })
    library = startClient(simulator, profiles.path)
    await library.event('ready')
    await expect.poll(() => Object.values(find(simulator, missed.id).deliveredTo)).toEqual([true])
    const live = await simulator.world.write({ from: amara, text: 'and now' })
    await library.event<wweb.Message>('message_create', ({ id }) => id.id === live.id)
    expect(library.count('qr')).toBe(0)
    expect(library.count('message_create')).toBe(1)
    const chat = await library.client.getChatById(`${amara}@c.us`)
    const bodies = (await chat.fetchMessages({ limit: 2 })).map((message) => message.body)
    expect(bodies).toEqual(['while you were away', 'and now'])
  })

  it('logout unlinks at the service and empties the profile', async () => {
    await library.client.logout()
    expect(simulator.world.state().devices).toEqual([])
    library = startClient(simulator, profiles.path)
    await library.event('qr')
  })

  it('pairing code: wrong ones are refused, the right one links', async () => {
    const { client } = library
    await library.initialized
    await expect(client.requestPairingCode('15559999999')).rejects.toThrow()
    const code = await client.requestPairingCode('15550001000')
    expect(code).toMatch(/^[1-9A-HJKLMNP-TV-Z]{8}$/)
    expect(simulator.world.state().linking.pairingCode).toEqual({ code, phone: '15550001000' })
    await expect(simulator.world.typePairingCode({ code: 'AAAA-AAAA' })).rejects.toThrow('The code is wrong')
    await simulator.world.typePairingCode({ code: `${code.slice(0, 4)}-${code.slice(4).toLowerCase()}` })
    await library.event('ready')
    expect(client.info.wid.user).toBe('15550001000')
  })

  it('unlinked on the phone: LOGOUT, and the same page shows a QR again (F13)', async () => {
    const before = library.count('qr')
    await simulator.world.unlink()
    expect(await library.event('disconnected')).toBe('LOGOUT')
    await expect.poll(() => library.count('qr')).toBeGreaterThan(before)
    expect(simulator.world.state().refusals).toEqual([])
  })
})

it.each([
  [{}, undefined, newestBuild.name],
  [{}, newestBuildWithSerialized.name, newestBuildWithSerialized.name],
  [{ build: newestBuildThatLinks.name }, newestBuildWithSerialized.name, newestBuildThatLinks.name],
])('opened with %j while SIMULATED_BUILD is %j, it serves build %s', async (options, variable, build) => {
  vi.stubEnv('SIMULATED_BUILD', variable)
  const simulator = await openSimulator({ dataDir: null, ...options }).finally(() => vi.unstubAllEnvs())
  expect(simulator.world.state().build).toBe(build)
  await simulator.close()
})

it('a build on which groups cannot be created (W4)', async () => {
  const simulator = await openSimulator({ dataDir: null, build: '2.3000.1045210364' })
  const profiles = makeProfileFolder()
  const library = await startLinkedClient(simulator, profiles.path)
  const made = await library.client.createGroup('Tea club', [`${amara}@c.us`])
  expect(made).toMatch(/^CreateGroupError/)
  expect(simulator.world.state().groups).toHaveLength(2)
  await library.stop()
  await simulator.close()
  await profiles.remove()
})

describe('a $1 build: the documented failures of the unpatched library', () => {
  let simulator: Simulator
  let library: LibraryClient
  const profiles = makeProfileFolder()

  beforeAll(async () => {
    simulator = await openSimulator({ dataDir: null, build: newestBuildThatLinks.name })
    library = await startLinkedClient(simulator, profiles.path)
  })
  afterAll(async () => {
    await library.stop()
    await simulator.close()
    await profiles.remove()
  })

  it('events fire, but id._serialized is undefined; the key is in $1', async () => {
    const sent = await simulator.world.write({ from: amara, text: 'hello' })
    const { id } = await library.event<wweb.Message>('message_create', (message) => message.id.id === sent.id)
    expect(id._serialized).toBeUndefined()
    expect(id).toMatchObject({ $1: `false_${amara}@c.us_${sent.id}` })
  })

  it('sendMessage delivers and resolves undefined', async () => {
    expect(
      await library.client.sendMessage(`${amara}@c.us`, 'hi', { waitUntilMsgSent: true }),
    ).toBeUndefined()
    expect(simulator.world.messages({ chat: amara }).at(-1)).toMatchObject({ body: 'hi', fromMe: true })
  })

  it('getChats and getChatById reject with r: r; unread_count never comes', async () => {
    expect(await rejection(library.client.getChats())).toBe('r: r')
    expect(await rejection(library.client.getChatById(`${amara}@c.us`))).toBe('r: r')
    expect(library.count('unread_count')).toBe(0)
  })

  it('the serialized key works where one knows it; react and reply fail silently', async () => {
    const message = await library.event<wweb.Message>('message_create')
    const key = `false_${amara}@c.us_${message.id.id}`
    expect((await library.client.getMessageById(key)).body).toBe('hello')
    expect(await message.react('👍')).toBeUndefined()
    expect(await message.reply('answer')).toBeUndefined()
    expect(await rejection(message.delete(true))).toBe('r: r')
  })

  it('VERSION is the build, and an older one can be served from the next load on', async () => {
    expect(await library.client.getWWebVersion()).toBe(newestBuildThatLinks.name)
    simulator.world.setBuild({ build: newestBuildWithSerialized.name })
    expect(simulator.world.state().build).toBe(newestBuildWithSerialized.name)
    expect(() => simulator.world.setBuild({ build: '2.2' })).toThrow('no build')
  })
})

function find(simulator: Simulator, id: string): ReturnType<Simulator['world']['messages']>[number] {
  const message = simulator.world.messages().find((candidate) => candidate.id === id)
  if (!message) throw new Error(`the service has no message ${id}`)
  return message
}

function rejection(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    (value) => `resolved ${JSON.stringify(value)}`,
    (reason: unknown) => String(reason),
  )
}
