/** Writes votes into the archive, each change with its event. */
import type { OwnVote, SeenVote } from '../model/seen.ts'
import { ME } from '../store/people.ts'
import type { Store } from '../store/store.ts'
import type { IdentityResolver } from './identity-resolver.ts'
import type { Log, Place } from './record-reactions.ts'

/**
 * Returns the function that writes a vote in a poll; without `tell` there is no event. A vote is the whole choice of a person, and the
 * newest one counts; one that was taken back stays, as an empty choice.
 */
export function createVoteRecorder(
  { changes }: Pick<Store, 'changes'>,
  where: Pick<IdentityResolver, 'senderId'>,
  log: Log,
): (row: Place, vote: SeenVote | OwnVote, tell?: boolean) => void {
  return (row, { voter, options, at }, tell = true) => {
    const from = voter === null ? ME : where.senderId(voter, at / 1000)
    const known = changes.votes(row.id).find((one) => one.voter === from)
    // Times of WhatsApp's devices are compared with each other only: our clock may differ.
    const at_ms = at ?? known?.at_ms ?? 0
    const choice = options === null ? null : JSON.stringify([...options].sort())
    // What was read once is not lost to another copy of the vote that cannot be read.
    const isLost = choice === null && known?.choice != null && known.at_ms === at_ms
    if (isLost || (known !== undefined && known.at_ms > at_ms)) return
    changes.setVote({ message: row.id, voter: from, choice, at_ms })
    const before = known === undefined ? '[]' : known.choice
    if (tell && before !== choice) log('poll.voted', row, { sender: from, options })
  }
}
