/** The phone's hand: every verb of `World`, on the service's parts. */
import { findBuild } from '../builds.ts'
import type { World, WorldContact, WorldState } from '../simulator.ts'
import type { Account, Group } from './accounts.ts'
import { findChatId, findPerson } from './addresses.ts'
import { type Context, type Session, sessionsOf } from './context.ts'
import { createGroup } from './groups.ts'
import { acceptLink, askPhone, removeDevice, shownQr, waitingCode } from './links.ts'
import { addMessage, setAck, tellPeople } from './messages.ts'
import { makeLid, makePhoneMessageId, seedAccount, seedWorld } from './seed.ts'
import { messagesOf } from './wire-forms.ts'

/** How long `scan` waits for a page to show a QR. */
const qrWaitMs = 10_000

/** The world over `context`. `onChange` subscribes to its changes and returns the unsubscribe function. */
export function createWorld(context: Context, onChange: (listener: () => void) => () => void): World {
  const account = (): Account => context.accounts.current()

  const pageWithQr = (): Session | undefined =>
    [...context.sessions].filter((session) => shownQr(session) !== null).at(-1)

  const waitForQr = async (): Promise<Session> => {
    const session = pageWithQr()
    if (session) return session
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer)
        unsubscribe()
      }
      const unsubscribe = onChange(() => {
        const found = pageWithQr()
        if (!found) return
        done()
        resolve(found)
      })
      const timer = setTimeout(() => {
        done()
        reject(new Error('No page shows a QR code.'))
      }, qrWaitMs)
    })
  }

  const sessionOfQr = async (qr: string | undefined): Promise<Session> => {
    if (qr === undefined) return waitForQr()
    if (qr.split(',').length !== 5 || !qr.startsWith('2@')) throw new Error('This is not a WhatsApp QR code.')
    const session = [...context.sessions].find((candidate) => shownQr(candidate) === qr)
    if (session) return session
    throw new Error('This QR code has expired, or its keys are not those of the page that shows it.')
  }

  const chatId = (address: string): string => {
    const id = findChatId(account(), address)
    if (id) return id
    throw new Error(`Nobody on WhatsApp at ${address}, and no such group.`)
  }

  return {
    state: () => toState(context),
    messages: (filter) =>
      messagesOf(account(), filter?.chat === undefined ? undefined : chatId(filter.chat)).map((message) => ({
        ...message,
        deliveredTo: { ...message.deliveredTo },
      })),

    async scan(options) {
      const session = await sessionOfQr(options?.qr)
      askPhone(context, session, account())
      return { deviceId: await acceptLink(context, session, account()) }
    },
    async refuseScan() {
      await waitForQr()
    },
    async typePairingCode({ code }) {
      const typed = code.replaceAll(/[\s-]/g, '').toUpperCase()
      const waiting = waitingCode(context)
      if (waiting?.code !== typed) throw new Error('Wrong code, or it has expired.')
      if (waiting.phone !== account().info.phone) throw new Error('This code is for another number.')
      askPhone(context, waiting.session, account())
      return { deviceId: await acceptLink(context, waiting.session, account()) }
    },
    async refusePairingCode() {
      context.pairing = null
      context.changed()
    },

    async write({ from, text, chat, t, quote }) {
      const author = findPerson(account(), from)
      if (!author || author.phone === account().info.phone) throw new Error(`No contact ${from}.`)
      const target = chatId(chat ?? author.phone)
      const group = account().groups.get(target)
      if (group && !group.members.includes(author.phone))
        throw new Error(`${from} is not a member of ${target}.`)
      return addMessage(context, account(), {
        id: makePhoneMessageId(context.random),
        chat: target,
        from: `${author.phone}@c.us`,
        fromMe: false,
        origin: 'contact',
        type: 'chat',
        body: text,
        t: t ?? context.clock.now(),
        ack: 1,
        ...(quote === undefined ? {} : { quoted: quote }),
      })
    },
    async writeFromPhone({ chat, text, t }) {
      const message = addMessage(context, account(), {
        id: makePhoneMessageId(context.random),
        chat: chatId(chat),
        from: `${account().info.phone}@c.us`,
        fromMe: true,
        origin: 'phone',
        type: 'chat',
        body: text,
        t: t ?? context.clock.now(),
        ack: 1,
      })
      const owner = account()
      void context.clock.wait('delivery').then(() => setAck(context, owner, message.id, 2))
      return message
    },
    async read({ by }) {
      const id = chatId(by)
      for (const message of messagesOf(account(), id)) {
        if (message.ack >= 1) setAck(context, account(), message.id, 3)
      }
    },

    addContact({ phone, name = null, pushname, lidChat = false }) {
      if (!/^\d{8,15}$/.test(phone)) throw new Error(`${phone} is not a phone number of 8 to 15 digits.`)
      const known = account().contacts.get(phone)
      const contact: WorldContact = {
        phone,
        lid: known?.lid ?? makeLid(context.random),
        name,
        pushname: pushname ?? name ?? '',
        lidChat,
      }
      account().contacts.set(phone, contact)
      if (name !== null) tellPeople(context, account(), [contact])
      return contact
    },
    addGroup({ subject, members, announce = false, lidMode = false }) {
      for (const phone of members) {
        if (!account().contacts.has(phone)) throw new Error(`No contact ${phone}.`)
      }
      const owner = members[0] ?? account().info.phone
      const facts = { subject, members, announce, lidMode, owner, origin: 'phone' }
      return toWorldGroup(createGroup(context, account(), facts))
    },
    async unlink(options) {
      const ids = account()
        .devices.values()
        .map((device) => device.id)
      for (const id of ids) {
        if (options?.deviceId === undefined || options.deviceId === id) {
          removeDevice(context, account(), id, options?.navigate ?? true)
        }
      }
    },
    switchAccount({ phone, pushname }) {
      const { account: other, isNew } = context.accounts.use(phone, () =>
        seedAccount(context.random, phone, pushname ?? `Account ${phone.slice(-4)}`),
      )
      if (isNew) seedWorld(other, context.random, context.clock.now(), 15550002000)
      context.changed()
    },
    setBuild({ build }) {
      context.build = findBuild(build)
      context.changed()
    },
    setFault: ({ name, value }) => context.faults.set(name, value),
    async clearFaults() {
      await Promise.all(Object.keys(context.faults.all()).map((name) => context.faults.set(name, false)))
    },
  }
}

function toWorldGroup({ id, subject, members, announce, lidMode }: Group): WorldState['groups'][number] {
  return { id, subject, members: [...members], announce, lidMode }
}

function toState(context: Context): WorldState {
  const account = context.accounts.current()
  const shown = [...context.sessions].map(shownQr).filter((qr) => qr !== null)
  const code = waitingCode(context)
  return {
    build: context.build.name,
    account: { ...account.info },
    devices: account.devices.values().map(({ id, linkedAt }) => ({
      id,
      linkedAt,
      online: sessionsOf(context, account, id).length > 0,
    })),
    linking: {
      qr: shown.at(-1) ?? null,
      pairingCode: code && { code: code.code, phone: code.phone },
    },
    contacts: account.contacts.values().map((contact) => ({ ...contact })),
    groups: account.groups.values().map(toWorldGroup),
    faults: context.faults.all(),
    refusals: [...context.refusals],
  }
}
