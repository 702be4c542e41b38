/**
 * Functions that run inside WhatsApp Web's page. Each is sent to the browser as text: it may use nothing from
 * outside itself but `window`. Module names and shapes: whatsapp-web.js 1.34.7, src/Client.js and
 * src/util/Injected/.
 */

type Wid = { _serialized: string }
type PageModules = {
  WAWebSocketModel: { Socket: { state: string; hasSynced?: boolean; logout(): Promise<void> } }
  WAWebCollections: Record<'Chat' | 'Msg', { on(...given: unknown[]): unknown }>
  WAWebUserPrefsMeUser: { getMaybeMePnUser(): Wid | undefined; getMaybeMeLidUser(): Wid | undefined }
}

declare const window: {
  require<Name extends keyof PageModules>(name: Name): PageModules[Name]
  WWebJS?: object
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
 * Since mid 2026 some accounts confirm a new device with a passkey: after the scan the page calls
 * `navigator.credentials.get` (Baileys#2672, from the page's own modules). There is no other sign that the
 * phone waits for it, so the call is intercepted, reported and passed on.
 */
export function watchPasskeyPrompt(): void {
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
 * The library subscribes to chats that are removed, archived or read, even without a listener for these
 * events, and loads each such chat again: with a server request per group, over and over in a busy one (F22),
 * and so that a chat that was just deleted is created again (Client.js, `onRemoveChatEvent` → `getChatById` →
 * `findOrCreateLatestChat`). It also reports each change of a message, of which nothing is used: changes of its ack,
 * text and type have events of their own. This function suppresses those subscriptions; page-watch.ts has ours. WhatsApp
 * Web's own listeners stay: only those that call the library's callbacks are suppressed.
 */
export function suppressLibraryWatches(): void {
  const { Chat, Msg } = window.require('WAWebCollections')
  for (const collection of [Chat, Msg]) {
    const { on } = collection
    collection.on = function (this: unknown, ...given) {
      const isOfLibrary = /\bon(RemoveChat|ArchiveChat|ChatUnreadCount|ChangeMessage)Event\b/.test(
        String(given[1]),
      )
      return isOfLibrary ? this : on.apply(this as typeof collection, given)
    }
  }
}
