/** What WhatsApp Web does or looks up beside messages: each kind with what it takes and what it gives. */
import type { Jid } from './ids.ts'

/** The outcome for one person. `done`: WhatsApp's server says so. `unknown`: it says nothing about this person. */
export const MEMBER_CODES = [
  'done',
  'already',
  'invite_only',
  'not_member',
  'not_on_whatsapp',
  'full',
  'left_recently',
  'not_admin',
  'refused',
  'unknown',
] as const
export type MemberCode = (typeof MEMBER_CODES)[number]

/** What can be set of a group. `disappearingS`: the lifetime of new messages in seconds; 0: for ever. */
export type GroupChanges = {
  name?: string | undefined
  description?: string | undefined
  onlyAdminsSend?: boolean | undefined
  onlyAdminsEdit?: boolean | undefined
  onlyAdminsAdd?: boolean | undefined
  approveMembers?: boolean | undefined
  disappearingS?: number | undefined
}
export type GroupChange = keyof GroupChanges

export const MEMBER_ACTIONS = ['add', 'remove', 'promote', 'demote'] as const
export type MemberAction = (typeof MEMBER_ACTIONS)[number]

/** `mutedUntil`: Unix seconds; -1: for ever, 0: not muted. */
export type ChatChanges = {
  archived?: boolean | undefined
  pinned?: boolean | undefined
  mutedUntil?: number | undefined
  unread?: boolean | undefined
}

/** A group as WhatsApp Web has it. `name`: its id if it has none. `createdAt`: Unix seconds; null: not known. `role`: of this account. */
export type GroupFacts = {
  group: Jid
  name: string
  description: string | null
  members: number
  role: 'admin' | 'member' | 'none'
  createdAt: number | null
  onlyAdminsSend: boolean
  onlyAdminsEdit: boolean
  onlyAdminsAdd: boolean
  approveMembers: boolean
  disappearingS: number
}

/** `about`: null if there is none. */
export type Profile = { name: string; about: string | null }
export const PROFILE_FIELDS = ['name', 'about'] as const
export type ProfileField = (typeof PROFILE_FIELDS)[number]

/** `online` null: WhatsApp does not say. `lastSeenAt`: Unix seconds; null: hidden, or not known. */
export type PresenceOf = { online: boolean | null; lastSeenAt: number | null }

/** A channel as WhatsApp Web has it. `followers` null: it does not say. */
export type ChannelFacts = {
  channel: Jid
  name: string
  description: string | null
  role: 'owner' | 'admin' | 'follower'
  followers: number | null
}

/** A label of a business account. `color`: as #rrggbb; null: it has none. */
export type Label = { id: string; name: string; color: string | null }

/** A group as its invite shows it. */
export type InvitedGroup = {
  group: Jid
  name: string
  description: string | null
  members: number
  /** An admin must approve whoever joins. */
  approves: boolean
}

/** Lists of codes are in the order of the people who were asked for. */
type TaskTypes = {
  create_group: {
    takes: { name: string; members: readonly Jid[] }
    gives: { group: Jid; codes: MemberCode[]; invite: string | null }
  }
  /** Each change after the other, in the order of {@link GroupChanges}, up to the first that WhatsApp refuses. */
  change_group: {
    /** `isNew`: this call created it. */
    takes: { group: Jid; changes: GroupChanges; isNew?: true }
    gives: { changed: GroupChange[] }
  }
  /** `invite`: the code of the group's invite, if a person can only be invited and this account may see it. */
  change_members: {
    takes: { group: Jid; action: MemberAction; members: readonly Jid[] }
    gives: { codes: MemberCode[]; invite: string | null }
  }
  /** One group, or all. */
  read_groups: { takes: { group: Jid | null }; gives: GroupFacts[] }
  leave_group: { takes: { group: Jid }; gives: null }
  /** The code of its invite. `reset`: a new one; the former one is then invalid. */
  group_invite: { takes: { group: Jid; reset: boolean }; gives: string }
  read_invite: { takes: { invite: string }; gives: InvitedGroup }
  join_group: { takes: { invite: string }; gives: { group: Jid; waits: boolean } }
  /** `at`: Unix seconds; null: not known. */
  join_requests: { takes: { group: Jid }; gives: { person: Jid; at: number | null }[] }
  answer_requests: {
    takes: { group: Jid; approve: boolean; members: readonly Jid[] }
    gives: { codes: MemberCode[] }
  }
  /** Each change after the other, up to the first that WhatsApp Web does not make. */
  change_chat: { takes: { chat: Jid; changes: ChatChanges }; gives: { changed: (keyof ChatChanges)[] } }
  /** Sends read receipts. */
  read_chat: { takes: { chat: Jid }; gives: null }
  /** Shown for `seconds`, or until the next state of this chat. `by`: names this state. `still`: only if the chat still shows it. */
  show_state: {
    takes: {
      chat: Jid
      state: 'typing' | 'recording' | 'paused'
      seconds: number
      by: string
      still?: true
    }
    gives: null
  }
  delete_chat: { takes: { chat: Jid }; gives: null }
  /** `changed`: it was not so before. */
  block_person: { takes: { person: Jid; blocked: boolean }; gives: { changed: boolean } }
  read_blocked: { takes: object; gives: Jid[] }
  read_profile: { takes: object; gives: Profile }
  /** The name, then the about text, up to the first that WhatsApp refuses. */
  change_profile: {
    takes: { [Field in ProfileField]?: string | undefined }
    gives: { changed: ProfileField[] }
  }
  /** Of this account, for everybody who may see it. */
  show_presence: { takes: { available: boolean }; gives: null }
  /** Those that the account follows or owns. */
  read_channels: { takes: object; gives: ChannelFacts[] }
  follow_channel: { takes: { chat: Jid; follow: boolean }; gives: { changed: boolean } }
  /** All labels, or those of a chat. */
  read_labels: { takes: { chat: Jid | null }; gives: Label[] }
  /** `labels`: the ids of all labels that the chat has then. */
  set_labels: { takes: { chat: Jid; labels: readonly string[] }; gives: Label[] }
  /** `color`: 0xAARRGGBB. Gives the id of the new message, usually `bareId`, and when it was posted (Unix seconds). */
  post_status: {
    takes: { text: string; color: number; font: number; bareId: string }
    gives: { bareId: string; at: number }
  }
  /** `keys`: all that WhatsApp Web may use for the post. */
  delete_status: { takes: { keys: readonly string[] }; gives: null }
  /**
   * `chat` null: of this account. `known`: the tag of the stored picture. `data`: a JPEG in base64; null if `tag` is `known` or null.
   * `tag` null: there is no picture, or it is hidden.
   */
  read_picture: {
    takes: { chat: Jid | null; known: string | null }
    gives: { tag: string | null; data: string | null }
  }
  /** Of a group, or of this account; `picture` null removes it. `data`: in base64. */
  set_picture: {
    takes: { group: Jid | null; picture: { mimetype: string; data: string } | null }
    gives: { tag: string | null }
  }
  /** `call`: its id. */
  reject_call: { takes: { call: string }; gives: null }
  read_presence: { takes: { person: Jid }; gives: PresenceOf }
}

export type TaskKind = keyof TaskTypes
export type TaskInput<K extends TaskKind> = TaskTypes[K]['takes']
export type TaskResult<K extends TaskKind> = TaskTypes[K]['gives']
