/** Votes in a poll: the whole choice of this account. */
import type { ActWindow, PageAct } from './act.ts'

declare const window: ActWindow

type Option = { name: string; localId: number }

/** The library sends an empty vote if it does not find an option, which takes an earlier vote back (Message.js, `vote`). */
export const vote: PageAct<'vote'> = {
  ability: 'vote',
  run(keys, { options }, endsAt) {
    return window.whatsappMcpActs.run(keys, endsAt, async ({ message, chat, begin }) => {
      if (message.type !== 'poll_creation' || !window.whatsappMcpRows.isMember(chat)) return 'refused'
      const known = (message.pollOptions as Option[] | undefined) ?? []
      const chosen = known.filter(({ name }) => options.includes(name))
      const isOneOnly = message.pollSelectableOptionsCount === 1
      if (chosen.length !== options.length || (isOneOnly && options.length > 1)) return 'unknown_option'
      const { sendVote } = window.require('WAWebPollsSendVoteMsgAction')
      const result = await begin(() => sendVote(message, new Set(chosen.map(({ localId }) => localId))))
      return result?.messageSendResult === undefined || result.messageSendResult === 'OK' ? 'done' : 'failed'
    })
  },
}
