/**
 * Functions that run inside WhatsApp Web's page. Each is sent to the browser as text: it may use nothing from
 * outside itself but `window`. Module names and shapes: whatsapp-web.js 1.34.7, src/Client.js and
 * src/util/Injected/.
 */

type Wid = { _serialized: string }
type MsgKeyClass = {
  new (fields: { from: Wid; to: Wid; id: string; selfDir: 'out' }): object
  prototype: object
}
type PageModules = {
  WAWebSocketModel: { Socket: { state: string; hasSynced?: boolean; logout(): Promise<void> } }
  WAWebMsgKey: MsgKeyClass
  WAWebCollections: { Chat: { on(...given: unknown[]): unknown } }
  WAWebUserPrefsMeUser: { getMaybeMePnUser(): Wid | undefined; getMaybeMeLidUser(): Wid | undefined }
}

declare const window: {
  require<Name extends keyof PageModules>(name: Name): PageModules[Name]
  AuthStore?: { PairingCodeLinkUtils: { startAltLinkingFlow(...args: unknown[]): Promise<string> } }
  WWebJS?: { getMessageModel(message: { id: object }): { id: object } }
  onAppStateHasSyncedEvent(): void
  /** Ours: this document has the library's listeners, so they are not attached a second time. */
  whatsappMcpInjected?: boolean
  /** Ours, calls Node: the page requests a passkey. */
  whatsappMcpPasskey?(): void
}

declare const navigator: { credentials?: { get(options?: object): Promise<unknown> } }

/** The socket's state, whether the first sync is done, and whether the library's helpers are in the page. */
export function readSocket(): { state: string; hasSynced: boolean; injected: boolean } {
  const { Socket } = window.require('WAWebSocketModel')
  return {
    state: Socket.state,
    hasSynced: Socket.hasSynced === true,
    injected: typeof window.WWebJS !== 'undefined',
  }
}

/** This account's LID; null if it has none or this build stores it elsewhere. */
export function readOwnLid(): string | null {
  const lid = window.require('WAWebUserPrefsMeUser').getMaybeMeLidUser()
  return lid === undefined || lid === null ? null : String(lid)
}

/**
 * True if this document was injected before. The navigation of an iframe makes the library ask a second time.
 */
export function isInjected(): boolean {
  return window.whatsappMcpInjected === true
}

export function markInjected(): void {
  window.whatsappMcpInjected = true
}

/**
 * A refused pairing code rejects with an object that is no Error and reaches Node as `b: b`; its kind and
 * code are inside (wwebjs#3763). Rethrows them as text, which distinguishes too many requests from a refusal.
 */
export function namePairingErrors(): void {
  const store = window.AuthStore
  if (store === undefined) return
  const utils = store.PairingCodeLinkUtils
  store.PairingCodeLinkUtils = Object.assign(Object.create(utils), {
    startAltLinkingFlow: async (...args: unknown[]) => {
      try {
        return await utils.startAltLinkingFlow(...args)
      } catch (error) {
        const known = error as { name?: string; type?: { name?: string; value?: { code?: number } } }
        throw new Error(`pairing refused: ${known.name} ${known.type?.name} ${known.type?.value?.code}`)
      }
    },
  })
}

/**
 * Since mid 2026 some accounts confirm a new device with a passkey: after the scan the page calls
 * `navigator.credentials.get` (Baileys#2672, from the page's own modules). There is no other sign that the
 * phone waits for it, so the call is intercepted, reported and passed on.
 */
export function overhearPasskey(): void {
  const store = navigator.credentials
  if (store === undefined) return
  const get = store.get.bind(store)
  store.get = (options) => {
    window.whatsappMcpPasskey?.()
    return get(options)
  }
}

/** Reports the finished sync to the library again if it subscribed too late (wwebjs#3742, #201919). */
export function announceSynced(): void {
  window.onAppStateHasSyncedEvent()
}

/** Asks WhatsApp to remove this device; the first part of the library's own logout(). */
export async function logOut(): Promise<void> {
  await window.require('WAWebSocketModel').Socket.logout()
}

/**
 * Builds from about 2.3000.1042401057 on keep the serialized message key in `$1`, not `_serialized`;
 * whatsapp-web.js 1.34.7 reads `_serialized` everywhere (wwebjs#201830). The key's own toString() returns the
 * string on every build, also for messages to oneself, whose keys end in `_out` (wwebjs#201857), so the
 * getter calls it. Older builds own the field and set it in their constructor: a getter on the prototype
 * would make that throw, so it is not added there. Runs after the library's helpers are in the page and
 * before its listeners are.
 */
export function mendMessageKeys(): 'mended' | 'not_needed' {
  const MsgKey = window.require('WAWebMsgKey')
  const user = window.require('WAWebUserPrefsMeUser')
  const me = user.getMaybeMePnUser() ?? user.getMaybeMeLidUser()
  if (me === undefined || window.WWebJS === undefined) return 'not_needed'
  const sample = new MsgKey({ from: me, to: me, id: '3EB0', selfDir: 'out' })
  if ('_serialized' in sample) return 'not_needed'
  Object.defineProperty(MsgKey.prototype, '_serialized', {
    configurable: true,
    get() {
      return this.toString()
    },
  })
  const helpers = window.WWebJS
  const getMessageModel = helpers.getMessageModel
  helpers.getMessageModel = (message) => {
    const model = getMessageModel(message)
    // A getter is not transferred to Node: the copy must own the field.
    model.id = { ...model.id, _serialized: message.id.toString() } as object
    return model
  }
  return 'mended'
}

/**
 * The library subscribes to chats that are removed, archived or read, even without a listener for these
 * events, and loads each such chat again: with a server request per group, over and over in a busy one (F22),
 * and so that a chat that was just deleted is created again (Client.js, `onRemoveChatEvent` → `getChatById` →
 * `findOrCreateLatestChat`). This function suppresses those subscriptions; page-watch.ts has ours. WhatsApp
 * Web's own listeners stay: only those that call the library's callbacks are suppressed.
 */
export function holdBackChatListeners(): void {
  const { Chat } = window.require('WAWebCollections')
  const { on } = Chat
  Chat.on = function (this: unknown, ...given) {
    const isLibrarys = /\bon(RemoveChat|ArchiveChat|ChatUnreadCount)Event\b/.test(String(given[1]))
    return isLibrarys ? this : on.apply(this as typeof Chat, given)
  }
}
