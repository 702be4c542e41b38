/** Decides what happens to everything that a call sends to a chat: it goes, it waits for the owner, or it is refused. */
import { AppError, fail } from '../errors.ts'
import type { Action } from '../model/action.ts'
import { type Jid, parseMessageKey, STATUS } from '../model/ids.ts'
import type { HoldReason } from '../model/outbox.ts'
import { type Policy, type Sends, sendsBy } from '../model/policy.ts'
import type { GroupChanges, TaskKind } from '../model/task.ts'
import type { Paced } from '../outbox/pace.ts'
import type { Archive } from '../session/archive.ts'
import type { Session } from '../session/session.ts'
import { type Call, type Caller, OWNER } from './call.ts'
import type { Seen } from './seen.ts'

type Engine = Omit<ReturnType<Session['engine']>, 'send'>

/** Returns the policy of a call. @param mcp that of MCP clients whose key has none, and of those without a key */
export function sendsOf({ caller, face }: Pick<Call, 'caller' | 'face'>, mcp: Policy): Sends {
  return caller.sends ?? sendsBy(face === 'mcp' ? mcp : 'open')
}

/**
 * Returns as whom the sends of a caller are counted. The agents of the keyless owner have a count of their own: they must not use
 * up that of the owner's scripts.
 */
export function countedAs({ id }: Pick<Caller, 'id'>, face: Call['face']): Pick<Paced, 'caller' | 'isAlone'> {
  const isOwner = id === OWNER.id
  return { caller: isOwner ? `${id} ${face}` : id, isAlone: isOwner && face === 'rest' }
}

/** True if a chat with this address is in the list, by any address of the same person. Fails as `Archive.sees`. */
export type IsListed = (chat: Jid, list: readonly Jid[]) => boolean

/** Returns the function that looks into lists of chats, as this archive knows their addresses. */
export function listedBy({ sees }: Pick<Archive, 'sees'>): IsListed {
  return (chat, only) => sees(chat, { only, hide: [] })
}

/** True if what this caller scheduled to the chat may still be sent, or be held, under its present policy. */
export function stillAllows({ sends }: { sends: Sends }, chat: Jid, isListed: IsListed): boolean {
  if (sends.policy === 'only') return isListed(chat, sends.chats)
  return sends.policy !== 'off'
}

/**
 * Returns why a message that this caller scheduled, and that is due, waits for the owner; null: it is sent. Fails as {@link Sending.hold}.
 */
export async function holdsNow(
  { sends, sees }: Pick<Caller, 'sees'> & { sends: Sends },
  chat: Jid,
  archive: Pick<Archive, 'reader' | 'sees'>,
): ReturnType<Sending['hold']> {
  const reader = () => archive.reader(undefined, sees)
  return createSending({ sends, reader, isListed: listedBy(archive) }).hold(chat)
}

export type SendingOptions = {
  sends: Sends
  /** Reads what the caller sees: a chat that is hidden from it counts as one that the owner does not know. */
  reader: Seen['reader']
  isListed: IsListed
}

export type Sending = {
  /**
   * Returns why a message to this chat waits; null: it goes. If the archive cannot be read, the owner does not know the chat.
   * @throws AppError `recipient_not_allowed`, and as `Archive.reader`
   */
  hold(to: Jid): Promise<Exclude<HoldReason, 'send_at'> | null>
  /**
   * Returns the engine, whose actions on messages, and tasks that reach people, follow the policy too: they cannot wait, so they
   * are refused.
   */
  limit(engine: Engine): Engine
}

/** Returns the decisions of one call. */
export function createSending({ sends: { policy, chats }, reader, isListed }: SendingOptions): Sending {
  const refuse = (detail: string) => fail('recipient_not_allowed', { detail })

  const HOLD: Record<Policy, Sending['hold']> = {
    open: async () => null,
    async known(to) {
      try {
        return (await reader().isKnown(to)) ? null : 'stranger'
      } catch (error) {
        // Of an archive that is only busy, the error is thrown: a retry can read it.
        if (error instanceof AppError && error.code.startsWith('archive_')) return 'stranger'
        throw error
      }
    },
    confirm: async () => 'confirm',
    only: async (to) =>
      isListed(to, chats) ? null : refuse('The caller may send only to the chats that its owner listed.'),
    off: async () => refuse('The caller may not send to any chat.'),
  }
  const hold = HOLD[policy]

  /** Returns the chat in which other people see the action; null: they do not. */
  function placeOf(keys: readonly string[], action: Action): Jid | null {
    if (action.kind === 'forward') return action.to
    if (action.kind === 'star') return null
    return parseMessageKey(keys[0] ?? '')?.chat ?? null
  }

  return {
    hold,
    limit: (engine) => ({
      ...engine,
      async act(message, action, options) {
        const to = placeOf(message.keys, action)
        const reason = to === null ? null : await hold(to)
        if (reason === 'stranger' || (reason === 'confirm' && CARRIES_TEXT.has(action.kind)))
          fail('action_refused', { detail: WAITS, hint: INSTEAD })
        return engine.act(message, action, options)
      },
      async perform(kind, takes, options) {
        for (const { to, says } of reachedBy(kind, takes)) {
          const reason = await hold(to)
          if (reason === 'stranger' || (reason === 'confirm' && says))
            fail('change_refused', { detail: WAITS, hint: ASK })
        }
        return engine.perform(kind, takes, options)
      },
    }),
  }
}

/** Returns the chats that a task reaches. `says`: it shows them a text or a picture, or brings them into a group. */
function reachedBy(kind: TaskKind, takes: unknown): { to: Jid; says: boolean }[] {
  const { group, members = [], changes = {}, action, chat, isNew }: Partial<Reaching> = Object(takes)
  const isInvited = kind === 'create_group' || (kind === 'change_members' && action === 'add')
  // The members of a group that this call created were checked when it was created.
  const isText = kind === 'change_group' && !isNew && (changes.name ?? changes.description) !== undefined
  return [
    ...(isInvited ? members.map((to) => ({ to, says: true })) : []),
    ...(isText && group ? [{ to: group, says: true }] : []),
    ...(kind === 'set_picture' ? [{ to: group ?? STATUS, says: true }] : []),
    // To all who may see the status or the profile of the account: the chat of all status updates stands for them.
    ...(kind === 'post_status' || kind === 'change_profile' ? [{ to: STATUS, says: true }] : []),
    ...(kind === 'delete_status' ? [{ to: STATUS, says: false }] : []),
    ...(kind === 'show_state' && chat !== undefined ? [{ to: chat, says: false }] : []),
  ]
}
type Reaching = {
  chat: Jid
  group: Jid | null
  members: readonly Jid[]
  changes: GroupChanges
  action: string
  isNew: true
}
const ASK = 'Ask the user to do it on the phone.'

/** The actions that `confirm` refuses. A reaction or a vote has no text that the owner would have to read. */
const CARRIES_TEXT: ReadonlySet<Action['kind']> = new Set(['edit', 'forward'])
const WAITS =
  'This would have to wait for the approval of the owner, and it cannot wait. Nothing was changed.'
const INSTEAD = 'Send a message instead: it waits in the outbox until the owner approves it.'
