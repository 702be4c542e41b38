/** Reacts to a message. */
import type { ActWindow, PageAct } from './act.ts'

declare const window: ActWindow

/**
 * WhatsApp Web itself checks nothing but that channels allow reactions: there, it resolves without a result if it did
 * nothing (WAWebSendReactionMsgAction).
 */
export const react: PageAct<'react'> = {
  ability: 'react',
  run(keys, { emoji }, endsAt) {
    return window.whatsappMcpActs.run(keys, endsAt, async ({ message, chat, begin }) => {
      const { type = '', id } = message
      const cannot = ['revoked', 'ciphertext', 'unknown', 'call_log'].includes(type)
      if (cannot || !window.whatsappMcpRows.isMember(chat)) return 'refused'
      const { sendReactionToMsg } = window.require('WAWebSendReactionMsgAction')
      const result = await begin(() => sendReactionToMsg(message, emoji))
      const isChannel = /@newsletter$/.test(String(id.remote))
      const sent = result?.messageSendResult
      if (sent === undefined) return isChannel ? 'refused' : 'done'
      return sent === 'OK' ? 'done' : 'failed'
    })
  },
}
