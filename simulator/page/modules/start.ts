/** The modules that the library requires at its start: socket, commands, connection, linking, keys, own identity. */
import { b } from '../errors.ts'
import { offlineProgress } from '../live.ts'
import { connection, page } from '../page.ts'
import { isMe, myLidWid, myPhoneWid } from '../people.ts'
import { advSecret, switchLinking } from '../qr.ts'
import { defineModule, refuse } from '../registry.ts'
import { Conn, cmd, Socket, Stream } from '../socket-model.ts'
import { readRegistration } from '../storage.ts'
import { Wid } from '../wid.ts'

const pairingTypes: readonly unknown[] = ['QR_CODE', 'ALT_DEVICE_LINKING']

/** Each `initializeAltDeviceLinking` allows one code. */
let isAltReady = false

function toBytes(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

function encodeB64(data: unknown): string {
  const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data
  if (!(bytes instanceof Uint8Array)) throw new TypeError('encodeB64: bytes are needed')
  return btoa(String.fromCharCode(...bytes))
}

async function initializeAltDeviceLinking(): Promise<void> {
  switchLinking('code')
  isAltReady = true
}

/** Resolves with the 8 characters; rejects with `CompanionHelloError` (wwebjs#3763). */
async function startAltLinkingFlow(phone: unknown, notify: unknown): Promise<string> {
  if (typeof phone !== 'string') throw new TypeError('startAltLinkingFlow: phone number must be a string')
  if (!isAltReady) throw new Error('Invariant Violation: alt device linking is not initialized')
  const answer = await connection().ask('pairing_code', { phone, notify: notify === true })
  if ('error' in answer) throw new b(answer.error)
  isAltReady = false
  return answer.code
}

/** Invalidates a waiting code. Requests no new ref: the existing ones stay valid. */
async function initializeQRLinking(): Promise<void> {
  isAltReady = false
  switchLinking('qr')
}

/** Restarts the connection in any state, with new refs. */
function refreshQR(): void {
  Socket.reconnect()
}

/** Defines the modules of this file. */
export function defineStartModules(): void {
  defineModule('WAWebSocketModel', { Socket })
  defineModule('WAWebStreamModel', { Stream })
  defineModule('WAWebConnModel', { Conn })
  defineModule('WAWebCmd', { Cmd: cmd })
  // WhatsApp Web has no `Cmd.refreshQR` since early 2026 (wwebjs#22449).
  defineModule('WAWebLaunchSocketUtils', { refreshQR })
  defineModule('WAWebOfflineHandler', {
    OfflineMessageHandler: { getOfflineDeliveryProgress: offlineProgress },
  })
  defineModule('WAWebAltDeviceLinkingApi', {
    setPairingType(type: unknown) {
      if (!pairingTypes.includes(type)) refuse(`setPairingType was called with ${String(type)}`)
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
    getADVSecretKey: advSecret,
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
