/** Stars a message. */
import type { ActWindow, PageAct } from './act.ts'

declare const window: ActWindow

export const star: PageAct<'star'> = {
  ability: 'star',
  run(keys, { starred }, endsAt) {
    const { run, until, command } = window.whatsappMcpActs
    return run(keys, endsAt, async (target) => {
      const { message, chat, again } = target
      if (!window.require('WAWebMsgActionCapability').canStarMsg(message)) return 'refused'
      const { Cmd } = window.require('WAWebCmd')
      const name = starred ? 'sendStarMsgs' : 'sendUnstarMsgs'
      const isBegun = await command(target, 'sendStarMsgs', endsAt, () => Cmd[name](chat, [message], false))
      if (!isBegun) return 'not_begun'
      // What changes may be another model of the message.
      return until(async () => [message.star === true, (await again())?.star === true].includes(starred))
    })
  },
}
