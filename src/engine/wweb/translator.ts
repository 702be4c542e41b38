/**
 * Converts the page's data row by row: a row that cannot be read is replaced and logged, and does not stop
 * the others.
 */
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { SeenChat, SeenContact, SeenMessage } from '../../model/seen.ts'
import type { TaskKind, TaskResult } from '../../model/task.ts'
import { modelTools } from './plain-model.ts'
import type { ChatRow, ContactRow, RawMessage, RawReaction, ReactionRow, VoteRow } from './raw.ts'
import {
  isChange,
  toPlaceholder,
  toReaction,
  toSeenChat,
  toSeenContact,
  toSeenMessage,
  toVote,
} from './translate.ts'
import { toTaskResult } from './translate-task.ts'

/**
 * None of these throws. They return null for entries that are not reported, and if the key cannot be read.
 */
export type Translator = {
  /** A message that cannot be read has the type `unknown`, with its id, chat and time. */
  message(
    raw: RawMessage,
    reactions?: readonly ReactionRow[] | null,
    votes?: readonly VoteRow[] | null,
  ): SeenMessage | null
  chat(row: ChatRow): SeenChat | null
  contact(row: ContactRow): SeenContact | null
  reaction(raw: RawReaction): ReturnType<typeof toReaction>
  vote(row: VoteRow): ReturnType<typeof toVote>
  /** The result of a task. A row of a list that cannot be read is left out. */
  result<K extends TaskKind>(kind: K, given: TaskResult<K>): TaskResult<K>
}

/** @param build the build of WhatsApp Web, which is stored with each model; null while it is not known */
export function createTranslator(
  clock: Clock,
  log: Log,
  build: () => string | null = () => null,
): Translator {
  const models = modelTools()
  const seenAt = () => Math.floor(clock.now() / 1_000)

  function guarded<T>(what: string, translate: () => T, instead: () => T | null = () => null): T | null {
    try {
      return translate()
    } catch (error) {
      log.warn({ err: error }, `${what} could not be read`)
    }
    try {
      return instead()
    } catch {
      return null
    }
  }

  const vote = (row: VoteRow) => guarded('a vote', () => toVote(row, seenAt()))

  function message(
    raw: RawMessage,
    reactions: readonly ReactionRow[] | null = null,
    votes: readonly VoteRow[] | null = null,
  ): SeenMessage | null {
    const seen = guarded(
      'a message',
      () => toSeenMessage(raw, reactions, seenAt()),
      () => toPlaceholder(raw, seenAt()),
    )
    if (seen === null && !isChange(raw))
      log.warn('a message has no key or no type, and is not stored: this build of WhatsApp Web is unknown')
    return (
      seen && {
        ...seen,
        votes: votes?.flatMap((row) => vote(row)?.vote ?? []) ?? null,
        raw: { engine: 'wweb', build: build(), model: models.toPlainObject(raw) },
      }
    )
  }

  return {
    message,
    chat: (row) => guarded('a chat', () => toSeenChat(row, row.last === null ? null : message(row.last))),
    contact: (row) => guarded('a contact', () => toSeenContact(row)),
    vote,
    reaction: (raw) => guarded('a reaction', () => toReaction(raw, seenAt())),
    result: (kind, given) =>
      toTaskResult(
        kind,
        given,
        (what, rows, read) => rows.flatMap((row) => guarded(what, () => read(row)) ?? []),
        seenAt(),
      ),
  }
}
