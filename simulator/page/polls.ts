/** Votes in polls: the table that clients wrap to receive them, and the rows of the page's database. */
import type { WireMessage } from '../wire.ts'
import type { WorldBallot } from '../world-types.ts'
import { keyOf, lidModeOf, MsgKeyOfBuild, widOfPhone } from './keys.ts'
import type { MsgKey } from './msg-key.ts'
import { connection } from './page.ts'
import { isMe, myLidWid, myPhoneWid } from './people.ts'
import { createWid, type Wid } from './wid.ts'

/** The table's entry for one vote (WhatsApp Web: a message of type `poll_update`). One that cannot be decrypted has no choice. */
type VoteRow = {
  id: MsgKey
  type: 'poll_update'
  /** Unix ms, as the library divides it by 1,000. */
  t: number
  from: Wid
  to: Wid
  author: Wid | undefined
  ack: number
  pollUpdateParentKey: MsgKey
  selectedOptionLocalIds?: number[]
  senderTimestampMs: number
  read: boolean
}

/** `WAWebAddonPollVoteTableMode`: clients replace `bulkUpsert` with their own function. */
export const voteTable: { pollVoteTableMode: { bulkUpsert(rows: VoteRow[]): Promise<void> } } = {
  pollVoteTableMode: { bulkUpsert: async () => undefined },
}

/** Key and voter of a vote, in the form that the poll's chat uses. */
function toVoter(message: WireMessage, { by, id }: WorldBallot): { key: MsgKey; voter: Wid } {
  const lidMode = lidModeOf(message)
  const remote = createWid(message.addressedAs ?? message.chat)
  const known = widOfPhone(by.replace(/@.*$/, ''), lidMode)
  const fromMe = isMe(known)
  const voter = fromMe ? (lidMode ? myLidWid() : myPhoneWid()) : known
  const participant = remote.isGroup() ? voter : undefined
  const self = fromMe && isMe(remote) ? 'out' : undefined
  return { key: new MsgKeyOfBuild({ fromMe, remote, id, participant, self }), voter }
}

/** Reports a vote to the table as the page does, through any client that wrapped it. */
export function hearVote(message: WireMessage, ballot: WorldBallot): void {
  const { key, voter } = toVoter(message, ballot)
  const me = lidModeOf(message) ? myLidWid() : myPhoneWid()
  void Promise.resolve(
    voteTable.pollVoteTableMode.bulkUpsert([
      {
        id: key,
        type: 'poll_update',
        t: ballot.atMs,
        from: key.fromMe ? me : key.remote,
        to: key.fromMe ? key.remote : me,
        author: key.participant ? voter : undefined,
        ack: 1,
        pollUpdateParentKey: keyOf(message, lidModeOf(message)),
        ...(ballot.options === null ? {} : { selectedOptionLocalIds: ballot.options }),
        senderTimestampMs: ballot.atMs,
        read: false,
      },
    ]),
  ).catch(() => {})
}

/** `WAWebPollsVotesSchema.getTable()`: choices are stored as bytes. A vote that was taken back stays, without a choice. */
export const storedVotes = {
  async equals([field]: string[], value: unknown): Promise<Record<string, unknown>[]> {
    if (field !== 'parentMsgKey') throw new Error(`no index on ${field}`)
    const { id } = MsgKeyOfBuild.fromString(String(value))
    const [message] = await connection().ask('messages_by_id', { ids: [id] })
    return (message?.poll?.ballots ?? []).map((ballot) => {
      const { key, voter } = toVoter(message as WireMessage, ballot)
      return {
        msgKey: String(key),
        parentMsgKey: String(value),
        sender: String(voter),
        senderTimestampMs: ballot.atMs,
        ...(ballot.options === null
          ? {}
          : { selectedOptionLocalIds: Uint8Array.from(ballot.options).buffer }),
      }
    })
  },
}
