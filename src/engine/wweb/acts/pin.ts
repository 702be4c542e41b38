/** Pins a message for everyone in its chat. */
import type { ActWindow, PageAct } from './act.ts'

declare const window: ActWindow

/**
 * The page takes an option, which the library overrides with a number by replacing the page's function while the call
 * runs (Utils.js, `pinUnpinMsgAction`): two calls at once then pin for the wrong time.
 */
export const pin: PageAct<'pin'> = {
  ability: 'pin',
  run(keys, { forS }, endsAt) {
    return window.whatsappMcpActs.run(keys, endsAt, async ({ message, chat, begin }) => {
      const { canPinMsg } = window.require('WAWebMsgActionCapability')
      if (message.type === 'revoked' || !window.whatsappMcpRows.isMember(chat)) return 'refused'
      if (canPinMsg?.(message) === false) return 'refused'
      const { sendPinInChatMsg } = window.require('WAWebSendPinMessageAction')
      const { getPinExpiryOption } = window.require('WAWebPinMsgConstants')
      const result = await begin(() =>
        forS === null ? sendPinInChatMsg(message, 2) : sendPinInChatMsg(message, 1, getPinExpiryOption(forS)),
      )
      return result?.messageSendResult === 'OK' ? 'done' : 'failed'
    })
  },
}
