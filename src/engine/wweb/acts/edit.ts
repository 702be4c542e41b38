/** Edits the text or the caption of an own message. */
import type { Wid } from '../page-types.ts'
import type { ActWindow, PageAct } from './act.ts'

declare const window: ActWindow

/** WhatsApp Web shows the new text before it sends it, and reports a failed send only in a field of the message (WAWebSendMessageEditAction). */
export const edit: PageAct<'edit'> = {
  ability: 'edit',
  run(keys, { text }, endsAt) {
    return window.whatsappMcpActs.run(keys, endsAt, async ({ message, again, begin }) => {
      const { canEditText, canEditCaption } = window.require('WAWebMsgActionCapability')
      if (!canEditText(message) && !canEditCaption(message)) {
        // The page offers to edit a message for 15 minutes, and accepts it for 20.
        const age = Date.now() / 1_000 - window.whatsappMcpRows.time(message)
        const isEditable = message.type === 'chat' || Boolean(message.caption)
        return message.id.fromMe && isEditable && message.isForwarded !== true && age > 900
          ? 'too_late'
          : 'refused'
      }
      const mentioned = (message.mentionedJidList as Wid[] | undefined) ?? []
      const { sendMessageEdit } = window.require('WAWebSendMessageEditAction')
      const mentionedJidList = mentioned.filter((wid) => text.includes(`@${String(wid).split('@')[0]}`))
      await begin(() => sendMessageEdit(message, text, { mentionedJidList }))
      if (message.isSendFailure === true || (await again())?.isSendFailure === true) return 'failed'
      const field = message.type === 'chat' ? 'body' : 'caption'
      return window.whatsappMcpActs.until(async () =>
        [message[field], (await again())?.[field]].includes(text.trim()),
      )
    })
  },
}
