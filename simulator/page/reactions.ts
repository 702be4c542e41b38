/**
 * Reactions: the table that clients wrap to receive them, and `WAWebCollections.Reactions`, which they query.
 */
import type { WireMessage } from '../wire.ts'
import type { WorldReaction } from '../world-types.ts'
import { Collection } from './collection.ts'
import { r } from './errors.ts'
import { keyOf, lidModeOf, MsgKeyOfBuild, widOfPhone } from './keys.ts'
import { declareProps, Model } from './model.ts'
import type { MsgKey } from './msg-key.ts'
import { connection } from './page.ts'
import { isMe, myLidWid, myPhoneWid } from './people.ts'
import { createWid, type Wid } from './wid.ts'

type SenderProps = {
  id: string
  msgKey: MsgKey
  parentMsgKey: string
  reactionText: string
  /** Unix ms. */
  timestamp: number
  senderUserJid: string
  read: boolean
  orphan: number
  ack: number
}

/** One person's reaction (wa-js: ReactionsSendersModel). */
class ReactionSender extends Model<SenderProps> {}

declareProps(ReactionSender, 'id msgKey parentMsgKey reactionText timestamp senderUserJid read orphan ack')

/** One emoji with all its senders (wa-js: AggReactionsModel). */
class ReactionAggregate extends Model<{ id: string; aggregateEmoji: string; hasReactionByMe: boolean }> {
  readonly senders: Collection<ReactionSender> = new Collection<ReactionSender>()

  override serialize(): Record<string, unknown> {
    return { ...super.serialize(), senders: this.senders.serialize() }
  }
}

declareProps(ReactionAggregate, 'id aggregateEmoji hasReactionByMe')

/** All reactions to one message (wa-js: ReactionsModel). */
class MessageReactions extends Model<{ id: string }> {
  readonly reactions: Collection<ReactionAggregate> = new Collection<ReactionAggregate>()
}

declareProps(MessageReactions, 'id')

class ReactionsCollection extends Collection<MessageReactions> {
  /** Finds the reactions of a message key; empty if there are none. */
  async find(key: unknown): Promise<MessageReactions> {
    if (key === undefined || key === null) throw new r()
    const id = String(key)
    const known = this.get(id)
    if (known) return known
    const [message] = await connection().ask('messages_by_id', { ids: [MsgKeyOfBuild.fromString(id).id] })
    return message ? learnReactions(message) : new MessageReactions({ id })
  }
}

export const Reactions: ReactionsCollection = new ReactionsCollection()

/** The table's entry for one reaction (WhatsApp Web: a message of type `reaction`). */
export type ReactionRow = {
  id: MsgKey
  type: 'reaction'
  t: number
  from: Wid
  to: Wid
  author: Wid | undefined
  ack: number
  reactionParentKey: MsgKey
  reactionText: string
  /** Unix ms. */
  reactionTimestamp: number
  read: boolean
}

/** `WAWebAddonReactionTableMode`: clients replace `bulkUpsert` with their own function. */
export const reactionTable: { reactionTableMode: { bulkUpsert(rows: ReactionRow[]): Promise<void> } } = {
  reactionTableMode: { bulkUpsert: async () => undefined },
}

/** Key and author of a reaction, in the form that the message's chat uses. */
function toSender(message: WireMessage, reaction: WorldReaction): { key: MsgKey; author: Wid; by: Wid } {
  const lidMode = lidModeOf(message)
  const remote = createWid(message.addressedAs ?? message.chat)
  const phone = reaction.by.replace(/@.*$/, '')
  const known = widOfPhone(phone, lidMode)
  const fromMe = isMe(known)
  const author = fromMe ? (lidMode ? myLidWid() : myPhoneWid()) : known
  const participant = remote.isGroup() ? author : undefined
  const self = fromMe && isMe(remote) ? 'out' : undefined
  return {
    key: new MsgKeyOfBuild({ fromMe, remote, id: reaction.id, participant, self }),
    author,
    by: author,
  }
}

/** Puts the current reactions of a message into the collection. */
export function learnReactions(message: WireMessage): MessageReactions {
  const parent = String(keyOf(message, lidModeOf(message)))
  const before = Reactions.get(parent)
  if (before) Reactions.remove(before)
  const model = new MessageReactions({ id: parent })
  for (const reaction of message.reactions ?? []) {
    const { key, by } = toSender(message, reaction)
    const aggregate =
      model.reactions.get(reaction.emoji) ??
      model.reactions.add(
        new ReactionAggregate({ id: reaction.emoji, aggregateEmoji: reaction.emoji, hasReactionByMe: false }),
      )
    if (isMe(by)) aggregate.set({ hasReactionByMe: true })
    aggregate.senders.add(
      new ReactionSender({
        id: String(key),
        msgKey: key,
        parentMsgKey: parent,
        reactionText: reaction.emoji,
        timestamp: reaction.atMs,
        senderUserJid: String(by),
        read: false,
        orphan: 0,
        ack: 1,
      }),
    )
  }
  return Reactions.add(model)
}

/** Reports a new or removed reaction to the table as the page does, through any client that wrapped it. */
export function hearReaction(message: WireMessage, reaction: WorldReaction): void {
  const { key, author } = toSender(message, reaction)
  const parent = keyOf(message, lidModeOf(message))
  const me = lidModeOf(message) ? myLidWid() : myPhoneWid()
  void reactionTable.reactionTableMode.bulkUpsert([
    {
      id: key,
      type: 'reaction',
      t: Math.floor(reaction.atMs / 1000),
      from: key.fromMe ? me : key.remote,
      to: key.fromMe ? key.remote : me,
      author: key.participant ? author : undefined,
      ack: 1,
      reactionParentKey: parent,
      reactionText: reaction.emoji,
      reactionTimestamp: reaction.atMs,
      read: false,
    },
  ])
  learnReactions(message)
}
