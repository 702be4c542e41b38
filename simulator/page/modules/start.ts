/** The modules that the library's start asks for: socket, commands, connection, linking, keys, who I am. */
import { b } from '../errors.ts'
import { offlineProgress } from '../live.ts'
import { connection, page } from '../page.ts'
import { isMe, myLidWid, myPhoneWid } from '../people.ts'
import { defineModule, refuse } from '../registry.ts'
import { Conn, cmd, defineCommand, Socket, Stream } from '../socket-model.ts'
import { readRegistration } from '../storage.ts'
import { Wid } from '../wid.ts'

type PairingType = 'QR' | 'ALT_DEVICE_LINKING'

let pairingType: PairingType = 'QR'
let isAltReady = false
let advSecret: string | undefined

/** Keys are made (or read) before the modules are used: `getADVSecretKey` answers at once. */
export async function prepareKeys(): Promise<void> {
  advSecret = (await readRegistration()).advSecret
}

function toBytes(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

function encodeB64(data: unknown): string {
  const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data
  if (!(bytes instanceof Uint8Array)) throw new TypeError('encodeB64: bytes are needed')
  return btoa(String.fromCharCode(...bytes))
}

async function initializeAltDeviceLinking(): Promise<void> {
  if (pairingType !== 'ALT_DEVICE_LINKING') refuse('initializeAltDeviceLinking without setPairingType')
  await connection().ask('refs', { mode: 'code' })
  isAltReady = true
}

/** The 8 characters, or a rejection with `CompanionHelloError` (wwebjs#3763). */
async function startAltLinkingFlow(phone: unknown, notify: unknown): Promise<string> {
  if (typeof phone !== 'string') throw new TypeError('startAltLinkingFlow: phone number must be a string')
  if (!isAltReady) throw new Error('startAltLinkingFlow: alt device linking is not initialized')
  const answer = await connection().ask('pairing_code', { phone, notify: notify === true })
  if ('error' in answer) throw new b(answer.error)
  return answer.code
}

async function initializeQRLinking(): Promise<void> {
  pairingType = 'QR'
  isAltReady = false
  await connection().ask('refs', { mode: 'qr' })
}

/** New refs after the old ones ran out. */
function refreshQR(): void {
  if (Socket.get('state') !== 'UNPAIRED_IDLE' && Socket.get('state') !== 'UNPAIRED') return
  void connection().ask('refs', { mode: 'qr' })
}

/** Define them all. */
export function defineStartModules(): void {
  defineModule('WAWebSocketModel', { Socket })
  defineModule('WAWebStreamModel', { Stream })
  defineModule('WAWebConnModel', { Conn })
  defineModule('WAWebCmd', { Cmd: cmd })
  defineCommand('refreshQR', refreshQR)
  defineModule('WAWebLaunchSocketUtils', { refreshQR })
  defineModule('WAWebOfflineHandler', {
    OfflineMessageHandler: { getOfflineDeliveryProgress: offlineProgress },
  })
  defineModule('WAWebAltDeviceLinkingApi', {
    setPairingType(type: PairingType) {
      pairingType = type
    },
    initializeAltDeviceLinking,
    startAltLinkingFlow,
    initializeQRLinking,
  })
  defineModule('WABase64', { encodeB64 })
  defineModule('WAWebCompanionRegClientUtils', { DEVICE_PLATFORM: '1' })
  defineModule('WAWebAdvSignatureApi', {})
  defineModule('WAWebUserPrefsInfoStore', {
    waNoiseInfo: {
      async get() {
        return { staticKeyPair: { pubKey: toBytes((await readRegistration()).staticKey) } }
      },
    },
  })
  defineModule('WAWebSignalStoreApi', {
    waSignalStore: {
      async getRegistrationInfo() {
        return { identityKeyPair: { pubKey: toBytes((await readRegistration()).identityKey) } }
      },
    },
  })
  defineModule('WAWebUserPrefsMultiDevice', {
    getADVSecretKey: () => advSecret,
  })
  defineModule('WAWebUserPrefsMeUser', {
    getMaybeMePnUser: () => (page.account ? myPhoneWid() : undefined),
    getMaybeMeLidUser: () => (page.account ? myLidWid() : undefined),
    getMePnUserOrThrow: myPhoneWid,
    getMeLidUserOrThrow: myLidWid,
    getMaybeMeDevicePn: () =>
      page.account ? new Wid(page.account.phone, 'c.us', page.account.deviceIndex) : undefined,
    isMeAccount: (wid: Wid) => isMe(wid),
  })
  defineModule('WAWebMiscBrowserUtils', { info: () => ({ os: 'Linux', name: 'Chrome', version: '131.0.0' }) })
}
