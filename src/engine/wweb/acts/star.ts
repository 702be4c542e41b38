/** Stars a message. */
import type { ActWindow, PageAct } from './act.ts'

declare const window: ActWindow

export const star: PageAct<'star'> = {
  ability: 'star',
  run(keys, { starred }) {
    const { run, until, command } = window.whatsappMcpActs
    return run(keys, async ({ message, chat }) => {
      if (!window.require('WAWebMsgActionCapability').canStarMsg(message)) return 'refused'
      const { Cmd } = window.require('WAWebCmd')
      const name = starred ? 'sendStarMsgs' : 'sendUnstarMsgs'
      await command(chat, 'sendStarMsgs', () => Cmd[name](chat, [message], false))
      return until(() => (message.star === true) === starred)
    })
  },
}
