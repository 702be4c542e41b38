/** Modules that only the library's start asks for, and that nothing of ours uses. */
import type { Piece } from './piece.ts'

declare const window: {
  require?: (name: string) => unknown
  /** Ours: WhatsApp Web's own `require`, which throws for a missing module. */
  whatsappMcpRequire?: (name: string) => unknown
}

/**
 * If WhatsApp Web drops one of these modules, the library's start fails, or attaches only half of its listeners
 * (OpenWA patch 4). The stand-in does nothing; needs.ts checks what needs the real one.
 */
export const standIns: Piece = {
  name: 'stand_ins',
  builds: 'any that drops one of these modules',
  source:
    'whatsapp-web.js 1.34.7, Client.js `inject` and `attachEventListeners`, AuthStore.js; OpenWA patch 4',
  mends: 'A missing module that the library asks for and does not need ends the start.',
  when: 'document',
  apply() {
    const real = window.require
    if (!real || window.whatsappMcpRequire) return false
    window.whatsappMcpRequire = real
    const nothing = { on: () => undefined }
    const standIn: Record<string, object> = {
      WAWebCmd: { Cmd: nothing },
      WAWebConnModel: { Conn: { ...nothing, serialize: () => ({}) } },
      WAWebOfflineHandler: { OfflineMessageHandler: { getOfflineDeliveryProgress: () => 100 } },
      WAWebAltDeviceLinkingApi: {},
      WABase64: {},
      WAWebCompanionRegClientUtils: {},
      WAWebAdvSignatureApi: {},
      WAWebUserPrefsInfoStore: {},
      WAWebSignalStoreApi: {},
      WAWebSyncGatingUtils: {},
      WAWebCallCollection: {},
      WALinkify: { findLinks: () => [], findLink: () => null },
    }
    window.require = (name) => {
      try {
        return real(name)
      } catch (error) {
        const instead = standIn[name]
        if (instead === undefined) throw error
        return instead
      }
    }
    return true
  },
}
