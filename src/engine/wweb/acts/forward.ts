/** Forwards a message to another chat. */
import type { PageSending } from '../page-acts.ts'
import type { ActWindow, PageAct } from './act.ts'

declare const window: ActWindow

/**
 * WhatsApp Web chooses the id of the new message itself and does not return it, so the message would look like one that the
 * owner's phone forwards at the same time. Therefore the message gets our id in `addAndSendMsgToChat`, the last step of
 * WAWebChatForwardMessage and WAWebMediaForwardMediaMsg. On a build without that step the message keeps WhatsApp Web's id: it
 * is then the only forward that this page itself added meanwhile. The module loads on demand, and on some builds not even then
 * (wa-js#3582; needs.ts).
 */
export const forward: PageAct<'forward'> = {
  ability: 'forward',
  run(keys, { to, bareId, isOneOfSeveral }, endsAt) {
    /** What is left for the send itself. */
    const SEND_MS = 5_000
    const acts = window.whatsappMcpActs
    return acts.run(keys, endsAt, async ({ message }) => {
      const { canForwardMsg } = window.require('WAWebMsgActionCapability')
      const { type = '', forwardingScore = 0 } = message
      const cannot =
        ['revoked', 'ciphertext', 'unknown', 'call_log'].includes(type) || message.isViewOnce === true
      // WhatsApp limits what was forwarded many times to one chat (FREQUENTLY_FORWARDED_SENTINEL).
      if (cannot || (isOneOfSeveral && Number(forwardingScore) >= 127)) return 'refused'
      const isAllowed = () => canForwardMsg?.(message) !== false
      // WhatsApp Web forwards these only once it has fetched their files, as it does for somebody who looks at them. Its cache has a limit.
      if (!isAllowed() && message.directPath && ['image', 'video', 'ptt'].includes(type)) {
        let isFetched = false
        void Promise.resolve(message.downloadMedia?.({ downloadEvenIfExpensive: true, rmrReason: 1 }))
          .catch(() => {})
          .then(() => {
            isFetched = true
          })
        if ((await acts.until(() => isFetched, endsAt - SEND_MS - Date.now())) !== 'done') return 'not_begun'
      }
      if (!isAllowed()) return 'refused'
      // Nothing was sent if WhatsApp Web does not open it.
      const chat = await window.WWebJS.getChat(to, { getAsModel: false }).catch(() => undefined)
      if (!chat) return 'refused'
      const modules = window.whatsappMcpModules
      const { forwardMessages } = (await modules.ensure('WAWebChatForwardMessage')) as ForwardModule
      const sending = (await modules.ensure('WAWebSendMsgChatAction')) as PageSending
      if (Date.now() >= endsAt) return 'not_begun'
      // forwardMessages throws then, before it does anything.
      if (chat.contact?.isContactBlocked === true) return 'refused'
      let isOver = false
      let hasFailed = false
      const endName = acts.nameNextForward(sending, chat, window.whatsappMcpKey(chat, bareId))
      const before = new Set(chat.msgs?.getModelsArray())
      const named = () => chat.msgs?.getModelsArray().find(({ id }) => id.fromMe && id.id === bareId)
      const kind = type === 'ptt' ? ['ptt', 'audio'] : [type]
      const added = () =>
        (chat.msgs?.getModelsArray() ?? []).filter(
          (one) =>
            !before.has(one) &&
            one.id.fromMe &&
            one.local === true &&
            kind.includes(one.type ?? '') &&
            [one.isForwarded, one.forwardedFromWeb, one.multicast].includes(true),
        )
      const only = () => (added().length === 1 ? added()[0] : undefined)
      const found = () => named() ?? (isOver ? only() : undefined)
      const isSettled = () => Math.abs(Number(found()?.ack ?? 0)) > 0
      // If it fails, the message may be on its way: only what the chat shows then tells the outcome.
      void forwardMessages({ chat, msgs: [message], multicast: true, includeCaption: true })
        // It returns the messages whose files it could not send.
        .then((failed) => {
          hasFailed = Array.isArray(failed) && failed.length > 0
        })
        .catch(() => {})
        .then(() => {
          isOver = true
        })
      await acts.until(() => isOver || isSettled(), endsAt - Date.now())
      endName()
      if (hasFailed && !named() && added().length === 0) return 'failed'
      const verdict = await acts.until(isSettled)
      const result = found()
      return { verdict: Number(result?.ack ?? 0) < 0 ? 'failed' : verdict, result }
    })
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
