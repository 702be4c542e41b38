/** Forwards a message to another chat. */
import type { ActWindow, PageAct } from './act.ts'

declare const window: ActWindow

/**
 * WhatsApp Web returns nothing of the new message, so it is looked for: one at a time in the page, so that no other
 * forward can be taken for it. Its module loads on demand, and on some builds not even then (wa-js#3582; needs.ts).
 */
export const forward: PageAct<'forward'> = {
  ability: 'forward',
  run(keys, { to, isOneOfSeveral }, endsAt) {
    const acts = window.whatsappMcpActs
    return acts.alone(() =>
      acts.run(keys, endsAt, async ({ message }) => {
        const { canForwardMsg } = window.require('WAWebMsgActionCapability')
        const { type = '', forwardingScore = 0 } = message
        const cannot =
          ['revoked', 'ciphertext', 'unknown', 'call_log'].includes(type) || message.isViewOnce === true
        if (cannot || canForwardMsg?.(message) === false) return 'refused'
        // WhatsApp limits what was forwarded many times to one chat (FREQUENTLY_FORWARDED_SENTINEL).
        if (isOneOfSeveral && Number(forwardingScore) >= 127) return 'refused'
        const chat = await window.WWebJS.getChat(to, { getAsModel: false })
        if (!chat) return 'refused'
        const before = new Set(chat.msgs?.getModelsArray())
        const { forwardMessages } = (await window.whatsappMcpModules.ensure(
          'WAWebChatForwardMessage',
        )) as ForwardModule
        // If it fails, the message may be on its way: only what the chat shows then tells the outcome.
        await forwardMessages({ chat, msgs: [message], multicast: true, includeCaption: true }).catch(
          () => {},
        )
        const added = { message: undefined as typeof message | undefined }
        const verdict = await acts.until(() => {
          added.message = chat.msgs
            ?.getModelsArray()
            .find((one) => !before.has(one) && one.id.fromMe && one.isForwarded === true)
          return Math.abs(Number(added.message?.ack ?? 0)) > 0
        })
        const result = added.message
        return { verdict: Number(result?.ack ?? 0) < 0 ? 'failed' : verdict, result }
      }),
    )
  },
}

type ForwardModule = {
  forwardMessages(options: {
    chat: unknown
    msgs: unknown[]
    multicast: boolean
    includeCaption: boolean
  }): Promise<unknown>
}
