/** Pins a message for everyone in its chat. */
import type { ActWindow, PageAct } from './act.ts'

declare const window: ActWindow

/**
 * WhatsApp Web takes one of its own options for the time. The library replaces the page's function that reads the option while
 * the call runs (Utils.js, `pinUnpinMsgAction`): two calls at once then pin for the wrong time. Here, on a build that cannot make
 * an option of seconds, that function is replaced for good by one that also takes seconds.
 */
export const pin: PageAct<'pin'> = {
  ability: 'pin',
  run(keys, { forS }, endsAt) {
    return window.whatsappMcpActs.run(keys, endsAt, async ({ message, chat, begin }) => {
      const { canPinMsg } = window.require('WAWebMsgActionCapability')
      if (message.type === 'revoked' || !window.whatsappMcpRows.isMember(chat)) return 'refused'
      if (canPinMsg?.(message) === false) return 'refused'
      const { sendPinInChatMsg } = window.require('WAWebSendPinMessageAction')
      const constants = window.require('WAWebPinMsgConstants')
      const option = (seconds: number): unknown => {
        if (constants.getPinExpiryOption) return constants.getPinExpiryOption(seconds)
        const { getPinExpiryDuration: secondsOf } = constants
        if (secondsOf(seconds) !== seconds)
          constants.getPinExpiryDuration = (given) => (typeof given === 'number' ? given : secondsOf(given))
        return seconds
      }
      const result = await begin(() =>
        forS === null ? sendPinInChatMsg(message, 2) : sendPinInChatMsg(message, 1, option(forS)),
      )
      return result?.messageSendResult === 'OK' ? 'done' : 'failed'
    })
  },
}
