/** Linking and unlinking: rotating QR refs, pairing codes, and the linked devices. */
import type { IqError } from '../wire.ts'
import type { Account, Device } from './accounts.ts'
import { type Context, type Session, sessionsOf } from './context.ts'
import { makeDeviceId, rememberHistoryAsGiven } from './devices.ts'
import { toWireAccount } from './wire-forms.ts'

/** Refs that a page receives before it goes idle. Real: one of 60 s and five of 20 s. */
const refsPerRound = 6
/**
 * Lifetime of a pairing code, and the window in which code requests are counted. Real lifetime: about 3
 * minutes.
 */
const codeLifeMs = 180_000
const codeWindowMs = 600_000
/**
 * Requests accepted in that window; the real limit is not published, reports name 7 to 10 (wwebjs-api#91).
 */
const codesPerWindow = 10
/** From the link until a device whose page never pressed "Continue" is removed (OpenWA#982: about 5 min). */
const newsLifeSeconds = 300
/** Crockford's digits without 0: what the phone accepts (tulir/whatsmeow: pair-code.go). */
const codeAlphabet = '123456789ABCDEFGHJKLMNPQRSTVWXYZ'

/** The text of the page's QR code, composed as by the page; null if it shows no valid one. */
export function shownQr(session: Session): string | null {
  const { registration, linking } = session
  if (!registration || !linking?.ref || linking.advSecret === null) return null
  const { staticKey, identityKey, platform } = registration
  return [linking.ref, staticKey, identityKey, linking.advSecret, platform].join(',')
}

/** Starts to send refs to an unlinked page. They continue, and run out, while it waits for a code too. */
export function startLinking(context: Context, session: Session, advSecret: string): void {
  session.linking?.stop()
  let timer: NodeJS.Timeout | undefined
  const linking: NonNullable<Session['linking']> = { advSecret, ref: null, stop: () => clearTimeout(timer) }
  session.linking = linking
  const show = (round: number): void => {
    if (round >= refsPerRound || (round > 0 && context.faults.isOn('qr_idle'))) {
      linking.ref = null
      const isSilent = context.build.idlesSilently && !context.faults.isOn('qr_idle')
      if (!isSilent) session.send({ push: 'idle' })
      context.changed()
      return
    }
    linking.ref = `2@${context.random.base64(48)}`
    session.send({ push: 'ref', ref: linking.ref })
    context.changed()
    const lifeMs = context.qrTtlMs ?? (round === 0 ? 60_000 : 20_000)
    timer = setTimeout(() => show(round + 1), lifeMs)
    timer.unref()
  }
  show(0)
}

/** The page has another secret, or none: its pairing code is no longer valid. */
export function changeSecret(context: Context, session: Session, advSecret: string | null): void {
  if (session.linking) session.linking.advSecret = advSecret
  if (context.pairing?.session === session) context.pairing = null
  context.changed()
}

/** A code for an unlinked page, or the error of the stanza. */
export function requestPairingCode(
  context: Context,
  session: Session,
  phone: string,
): { code: string } | { error: IqError } {
  const digits = phone.replace(/\D/g, '')
  if (digits !== phone || digits.length < 8 || digits.length > 15) {
    return { error: { name: 'IQErrorBadRequest', code: 400, text: 'bad-request' } }
  }
  if (context.faults.isOn('pairing_refused')) {
    return { error: { name: 'IQErrorForbidden', code: 403, text: 'forbidden' } }
  }
  const now = Date.now()
  const recent = context.codeRequests.filter(
    (entry) => entry.phone === phone && now - entry.at < codeWindowMs,
  )
  context.codeRequests.push({ phone, at: now })
  if (recent.length >= codesPerWindow || context.faults.isOn('pairing_rate_limited')) {
    return { error: { name: 'IQErrorRateOverlimit', code: 429, text: 'rate-overlimit' } }
  }
  const account = context.accounts.all().find(({ info }) => info.phone === phone)
  const somebody = context.accounts.all().some((other) => other.contacts.has(phone))
  if (!account && !somebody) {
    return { error: { name: 'IQErrorItemNotFound', code: 404, text: 'item-not-found' } }
  }
  const code = context.random.text(8, codeAlphabet)
  context.pairing = { code, phone, session, expiresAt: now + codeLifeMs }
  if (account) revokeLivingDevices(context, account)
  context.changed()
  return { code }
}

/**
 * "Asking for a code for a number whose session is linked got that device revoked" (OpenWA, twice, 2026-09).
 */
function revokeLivingDevices(context: Context, account: Account): void {
  const living = account.devices.values().map((device) => device.id)
  if (living.length === 0) return
  void context.clock.wait('revocation').then(() => {
    for (const id of living) removeDevice(context, account, id, true)
  })
}

/** The waiting code; null if there is none, it expired, or its page is gone. */
export function waitingCode(context: Context): { code: string; phone: string; session: Session } | null {
  const { pairing } = context
  if (!pairing || Date.now() >= pairing.expiresAt) return null
  return context.sessions.has(pairing.session) && pairing.session.linking ? pairing : null
}

/** What the phone checks before it links: throws with the sentence that it shows instead of linking. */
export function askPhone(context: Context, session: Session, account: Account): void {
  if (context.faults.isOn('scan_refused')) throw new Error("Couldn't link device. Try again later.")
  if (context.faults.isOn('passkey_required')) {
    session.passkeyFor = account
    session.send({ push: 'passkey' })
    throw new Error('Continue on your other device: a passkey is required.')
  }
}

/** The phone has accepted: creates a device of this account and sends its credentials to the page. */
export async function acceptLink(context: Context, session: Session, account: Account): Promise<string> {
  session.linking?.stop()
  session.linking = null
  context.pairing = null
  const index = Math.max(0, ...account.devices.values().map((device) => device.index)) + 1
  const device: Device = {
    id: makeDeviceId(context.random, index),
    index,
    linkedAt: new Date().toISOString(),
    localSecret: context.random.base64(24),
    databaseSecret: context.random.base64(24),
    ...(context.build.showsNews
      ? { news: { blocks: context.random.between(0, 1) === 1, until: context.clock.now() + newsLifeSeconds } }
      : {}),
  }
  account.devices.set(device.id, device)
  rememberHistoryAsGiven(account, device)
  context.changed()
  await context.clock.wait('pairing')
  const { id, localSecret, databaseSecret } = device
  session.send({
    push: 'paired',
    credentials: { deviceId: id, localSecret, databaseSecret },
    account: toWireAccount(account, device),
  })
  return id
}

/**
 * Removes a device, informs its pages, and remembers it for a page that connects later with the old
 * credentials.
 */
export function removeDevice(context: Context, account: Account, deviceId: string, navigate: boolean): void {
  if (!account.devices.has(deviceId)) return
  account.devices.delete(deviceId)
  account.removed.set(deviceId, { id: deviceId, navigate })
  for (const session of sessionsOf(context, account, deviceId)) {
    session.send({ push: 'removed', navigate })
    session.link = null
    session.live = false
  }
  context.changed()
}

/** "Continue" was pressed in the page of this device. */
export function acknowledgeNews(account: Account, { news: _seen, ...device }: Device): void {
  account.devices.set(device.id, device)
}

/** Removes the devices whose pages never acknowledged the news. */
export function removeUnaware(context: Context, account: Account): void {
  for (const { id, news } of account.devices.values()) {
    if (news && news.until <= context.clock.now()) removeDevice(context, account, id, true)
  }
}
