/** The account's phone: every verb of `World`, implemented with the service's parts. */
import { findBuild } from '../builds.ts'
import type { World, WorldState } from '../simulator.ts'
import { introduceAll } from './between-accounts.ts'
import { type Context, type Session, sessionsOf } from './context.ts'
import { toWorldGroup } from './groups.ts'
import { acceptLink, askPhone, removeDevice, shownQr, waitingCode } from './links.ts'
import { seedAccount, seedWorld } from './seed.ts'
import { chatVerbs } from './verbs/chats.ts'
import { groupVerbs } from './verbs/groups.ts'
import { messageVerbs } from './verbs/messages.ts'
import { peopleVerbs } from './verbs/people.ts'
import { createReach } from './verbs/reach.ts'

/** How long `scan` waits for a page to show a QR code. */
const qrWaitMs = 10_000

/**
 * Creates the world of `context`. `onChange` subscribes to its changes and returns the unsubscribe function.
 */
export function createWorld(context: Context, onChange: (listener: () => void) => () => void): World {
  const reach = createReach(context)
  const { account } = reach

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
        reject(new Error('No page shows a QR code. Start to link first.'))
      }, qrWaitMs)
    })
  }

  const sessionOfQr = async (qr: string | undefined): Promise<Session> => {
    if (qr === undefined) return waitForQr()
    if (qr.split(',').length !== 5 || !qr.startsWith('2@')) throw new Error('This is not a WhatsApp QR code.')
    const session = [...context.sessions].find((candidate) => shownQr(candidate) === qr)
    if (session) return session
    throw new Error('This QR code has expired, or its keys do not match the page that shows it.')
  }

  return {
    state: () => toState(context),
    ...messageVerbs(reach),
    ...chatVerbs(reach),
    ...groupVerbs(reach),
    ...peopleVerbs(reach),

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
      if (waiting?.code !== typed) throw new Error('The code is wrong or has expired.')
      if (waiting.phone !== account().info.phone) throw new Error('This code is for another number.')
      askPhone(context, waiting.session, account())
      return { deviceId: await acceptLink(context, waiting.session, account()) }
    },
    async refusePairingCode() {
      context.pairing = null
      context.changed()
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
    introduceAccounts: () => introduceAll(context),
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

function toState(context: Context): WorldState {
  const account = context.accounts.current()
  const shown = [...context.sessions].map(shownQr).filter((qr) => qr !== null)
  const code = waitingCode(context)
  return {
    build: context.build.name,
    account: { ...account.info },
    devices: account.devices.values().map(({ id, linkedAt, news }) => ({
      id,
      linkedAt,
      online: sessionsOf(context, account, id).length > 0,
      news: news !== undefined,
    })),
    linking: {
      qr: shown.at(-1) ?? null,
      pairingCode: code && { code: code.code, phone: code.phone },
    },
    contacts: account.contacts.values().map((contact) => ({ ...contact })),
    groups: account.groups.values().map(toWorldGroup),
    channels: account.channels.values().map((channel) => ({ ...channel })),
    faults: context.faults.all(),
    refusals: [...context.refusals],
    browserNames: [...context.browserNames],
    presences: context.presences.map((one) => ({ ...one })),
    lookups: [...context.lookups],
    phoneAsked: [...context.phoneAsked],
    reuploads: [...context.reuploads],
    calls: [...context.calls.values()].map((call) => ({ ...call })),
  }
}
