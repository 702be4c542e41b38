/** Changes of a message after it was stored: revisions (earlier texts), reactions and votes. */
import type { Revision } from '../model/message.ts'
import type { Connection } from './sqlite.ts'

/** `emoji`: empty if the reaction was taken back at that time. */
export type ReactionRow = { message: number; sender: number; emoji: string; at_ms: number }

/** `choice`: JSON array of the names of options, sorted; null: it cannot be read. */
export type VoteRow = { message: number; voter: number; choice: string | null; at_ms: number }

/** An earlier text of a message, until `until_at_ms`. */
export type RevisionRow = Omit<Revision, 'until_at'> & { until_at_ms: number }

export type Changes = {
  /** Stores the text that `message` had until `untilMs`; returns the revision's number. */
  addRevision(
    message: number,
    before: { what: Revision['what']; type: string; body: string; untilMs: number },
  ): number
  /** One revision; undefined if there is none. */
  revision(message: number, n: number): RevisionRow | undefined
  /** The text of the message before each change, oldest first. */
  textsBefore(message: number): string[]
  reactions(message: number): ReactionRow[]
  setReaction(row: ReactionRow): void
  removeReaction(message: number, sender: number): void
  votes(message: number): VoteRow[]
  setVote(row: VoteRow): void
}

export function createChanges(db: Connection): Changes {
  const addRevision = db.command(
    `INSERT INTO main.revisions (message, n, what, type, body, until_at_ms)
     SELECT ?1, coalesce(max(n), 0) + 1, ?2, ?3, ?4, ?5 FROM revisions WHERE message = ?1`,
  )
  const newest = db.query<{ n: number }>('SELECT max(n) AS n FROM revisions WHERE message = ?')
  const revision = db.query<RevisionRow>(
    'SELECT what, type, body, until_at_ms FROM revisions WHERE message = ? AND n = ?',
  )
  const textsBefore = db.query<{ body: string }>('SELECT body FROM revisions WHERE message = ? ORDER BY n')
  const reactions = db.query<ReactionRow>('SELECT * FROM reactions WHERE message = ?')
  const setReaction = db.command(
    `INSERT INTO main.reactions VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET emoji = excluded.emoji, at_ms = excluded.at_ms`,
  )
  const removeReaction = db.command('DELETE FROM main.reactions WHERE message = ? AND sender = ?')
  const votes = db.query<VoteRow>('SELECT * FROM poll_votes WHERE message = ?')
  const setVote = db.command(
    `INSERT INTO main.poll_votes VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET choice = excluded.choice, at_ms = excluded.at_ms`,
  )
  return {
    addRevision(message, { what, type, body, untilMs }) {
      addRevision.run(message, what, type, body, untilMs)
      return newest.get(message)?.n ?? 1
    },
    revision: (message, n) => revision.get(message, n),
    textsBefore: (message) => textsBefore.all(message).map(({ body }) => body),
    reactions: (message) => reactions.all(message),
    setReaction: ({ message, sender, emoji, at_ms }) => void setReaction.run(message, sender, emoji, at_ms),
    removeReaction: (message, sender) => void removeReaction.run(message, sender),
    votes: (message) => votes.all(message),
    setVote: ({ message, voter, choice, at_ms }) => void setVote.run(message, voter, choice, at_ms),
  }
}
