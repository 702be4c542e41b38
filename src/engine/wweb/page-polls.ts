/** Votes in polls, in the page: what {@link installPagePolls} adds to page-rows.ts, with the same rules. */
import type { ArrivedVote, Choice, MsgModel, PageWindow } from './page-types.ts'
import type { VoteRow, VotesAnswer } from './raw.ts'

declare const window: PageWindow

type Option = { name: string; localId: number }
/** What {@link installPagePolls} adds. */
export type PagePolls = {
  /** The newest vote of each person; null: not a poll, or this build stores them elsewhere. */
  votes(message: MsgModel): Promise<VoteRow[] | null>
}

/**
 * Call once per document, after `installPageSends` and once the library is attached: its own event is lost for a vote whose
 * poll or option it does not find (PollVote.js), and with it those that arrived together.
 */
export function installPagePolls(): void {
  const rows = window.whatsappMcpRows
  const tools = {
    /** The names of the chosen options; null if there is no choice, or one of its options is unknown. */
    names(poll: MsgModel | undefined, { selectedOptionLocalIds: chosen }: Choice): string[] | null {
      const known = poll?.pollOptions as Option[] | undefined
      if (chosen === undefined || chosen === null || known === undefined) return null
      const ids = [...new Uint8Array(chosen as ArrayLike<number>)]
      const names = ids.map((id) => known.find(({ localId }) => localId === id)?.name)
      return names.every((name) => name !== undefined) ? names : null
    },

    async votes(message: MsgModel): Promise<VoteRow[] | null> {
      if (message.type !== 'poll_creation') return null
      try {
        const table = window.require('WAWebPollsVotesSchema').getTable()
        const stored = await table.equals(['parentMsgKey'], String(message.id))
        const me = rows.me()
        return stored.map((vote) => ({
          poll: String(message.id),
          voter: String(vote.sender),
          fromMe: me.includes(String(vote.sender)),
          options: tools.names(message, vote),
          at: vote.senderTimestampMs ?? 0,
        }))
      } catch {
        return null
      }
    },

    async arrived(vote: ArrivedVote): Promise<VoteRow | undefined> {
      const poll = String(vote.pollUpdateParentKey)
      const message = await window.whatsappMcpFind([poll])
      return {
        poll,
        voter: String(vote.author ?? vote.from),
        fromMe: vote.id.fromMe,
        options: tools.names(message, vote),
        at: vote.senderTimestampMs ?? vote.t ?? 0,
      }
    },

    watch(): void {
      const { pollVoteTableMode: table } = window.require('WAWebAddonPollVoteTableMode')
      const store = table.bulkUpsert
      table.bulkUpsert = (...given) => {
        const arriving = rows.attempt(() =>
          given[0].map((vote) => tools.arrived(vote).catch(() => undefined)),
        )
        void Promise.all(arriving ?? []).then((found) => {
          const votes = found.filter((vote) => vote !== undefined)
          if (votes.length > 0) window.whatsappMcpChanged?.({ votes })
        })
        return store.apply(table, given)
      }
    },
  }
  window.whatsappMcpPolls = { votes: tools.votes }
  rows.attempt(() => tools.watch())
}

export async function pageVotes(keys: readonly string[]): Promise<VotesAnswer> {
  const message = await window.whatsappMcpFind(keys)
  if (!message) return { state: 'unknown' }
  if (message.type !== 'poll_creation') return { state: 'refused' }
  const rows = await window.whatsappMcpPolls.votes(message)
  if (rows === null) throw new Error('the votes could not be read')
  return { state: 'done', rows }
}
