/** Deletes a message: for everyone, or for this account. */
import type { ActWindow, PageAct } from './act.ts'

declare const window: ActWindow

/**
 * Never falls back from everyone to this account. The library does: its `Message.delete(true)` deletes for this account where
 * WhatsApp Web does not allow more.
 */
export const deletion: PageAct<'delete'> = {
  ability: 'delete',
  run(keys, { for: whom }, endsAt) {
    const { run, until, command } = window.whatsappMcpActs
    return run(keys, endsAt, async (target) => {
      const { message, chat, again } = target
      const { canSenderRevokeMsg, canAdminRevokeMsg, canDeleteMsg } =
        window.require('WAWebMsgActionCapability')
      const { Cmd } = window.require('WAWebCmd')
      const record = { list: [message], type: 'message' }
      if (whom === 'me') {
        if (canDeleteMsg?.(message) === false) return 'refused'
        const isBegun = await command(target, 'sendDeleteMsgs', endsAt, () =>
          Cmd.sendDeleteMsgs(chat, record, true),
        )
        if (!isBegun) return 'not_begun'
        return until(async () => (await again()) === undefined)
      }
      if (!canSenderRevokeMsg(message) && !canAdminRevokeMsg(message)) {
        const { time, isMember } = window.whatsappMcpRows
        // WAWebRevokeMsgConstants: 60 hours.
        const isOld = Date.now() / 1_000 - time(message) > 60 * 3_600
        return message.id.fromMe && message.type !== 'revoked' && isMember(chat) && isOld
          ? 'too_late'
          : 'refused'
      }
      const isBegun = await command(target, 'sendRevokeMsgs', endsAt, () =>
        Cmd.sendRevokeMsgs(chat, record, { clearMedia: true }),
      )
      if (!isBegun) return 'not_begun'
      // A message that was deleted has another key.
      return until(async () => message.type === 'revoked' || (await again()) === undefined)
    })
  },
}
