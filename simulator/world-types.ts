/** What messages, chats, groups and people are in the double's world, in plain JSON. */

/** The account's own phone where a verb asks who acts. */
export type Actor = string

/** A description of media: no bytes are kept. What is left out is made up, plausibly and from the seed. */
export type WorldMedia = {
  mimetype: string
  sizeBytes: number
  filename?: string
  /** Audio and video, in whole seconds. */
  seconds?: number
  width?: number
  height?: number
  /** Base64, as the real fields are; distinct per message. */
  mediaKey: string
  filehash: string
  encFilehash: string
  directPath: string
  /** Base64 of a tiny JPEG: what the page has as `body` of an image or video. */
  thumbnail: string
}

/** Kinds of media. `ptt` is a voice note. */
export type MediaType = 'image' | 'video' | 'ptt' | 'audio' | 'document' | 'sticker'

/** What an act of a group's people leaves in its chat. `type` of the message is `gp2`; pages show no text for it. */
export type WorldNotice = {
  subtype: 'create' | 'add' | 'remove' | 'leave' | 'promote' | 'demote' | 'subject' | 'announce' | 'ephemeral'
  /** Phone JIDs of those it is about. */
  recipients: string[]
}

/** `by`: phone JID. `atMs`: Unix ms. */
export type WorldReaction = { by: string; emoji: string; atMs: number; id: string }

/** What a message is beyond its text; each field is only there where it applies. */
export type MessageParts = {
  /** Text under an image, a video or a document; `body` is empty then. */
  caption?: string
  media?: WorldMedia
  location?: { lat: number; lng: number; name?: string; address?: string }
  vcards?: string[]
  poll?: { name: string; options: string[]; multiple: boolean }
  /** Phone JIDs. */
  mentions?: string[]
  /** How often it was forwarded; 1 to 127. */
  forwarded?: number
  viewOnce?: true
  call?: { video: boolean; missed: boolean; seconds: number }
  notice?: WorldNotice
}

/** What {@link World.writeContent} takes: one kind with its own fields, and what any kind may have. */
export type NewContent = {
  type: 'chat' | MediaType | 'location' | 'vcard' | 'poll_creation' | 'call_log' | 'e2e_notification'
  /** `chat` only. */
  text?: string
  /** `image`, `video`, `document`. */
  caption?: string
  /** Media: any of these facts; the rest is made up. */
  media?: Partial<Pick<WorldMedia, 'mimetype' | 'sizeBytes' | 'filename' | 'seconds' | 'width' | 'height'>>
  location?: NonNullable<MessageParts['location']>
  /** One is a `vcard`, several become a `multi_vcard`. */
  vcards?: string[]
  poll?: { name: string; options: string[]; multiple?: boolean }
  call?: { video?: boolean; missed?: boolean; seconds?: number }
  /** Phones or addresses; the text must name them as `@<phone or LID>` itself. */
  mentions?: string[]
  forwarded?: number
  viewOnce?: boolean
}

/** A message as the service holds it: the truth that the archive of a client is compared with. */
export type WorldMessage = MessageParts & {
  /** Bare id (e.g. `3EB0…`), unique per service. */
  id: string
  /**
   * Chat as the phone sees it: `<digits>@c.us`, `<digits>@lid`, `<id>@g.us`, `<id>@newsletter` or `status@broadcast`.
   * After a move to LID (`migrateChat`) this is the new address for old messages too.
   */
  chat: string
  /** The address in the message's key where that is another than `chat`: it was written before the chat moved. */
  addressedAs?: string
  /** Who wrote it, by phone JID; the account's own JID for own messages; a channel's JID for its posts. */
  from: string
  fromMe: boolean
  /** Which side wrote an own message: a linked device's id, or `phone`. */
  origin: string
  /** WhatsApp's name of the kind; `revoked` once it is deleted for everyone. */
  type: string
  body: string
  /** Unix seconds. */
  t: number
  /** Own messages: -1 failed, 0 not yet at the server, 1 server, 2 delivered, 3 read, 4 played. */
  ack: number
  /** Bare id of the message that this one answers. */
  quoted?: string
  /** Unix ms of the last edit. */
  editedAtMs?: number
  /** Phone JID of whoever deleted it for everyone. */
  revokedBy?: string
  /** The bare id that it has in pages since: there a deleted message takes its deletion's id (`WAWebRevoke`). */
  revokedAs?: string
  /** The present ones, at most one per person, in the order in which they came. */
  reactions?: WorldReaction[]
  /** Disappearing: seconds it lives, from `t` on. */
  ephemeralDuration?: number
  /** Disappearing: somebody keeps it in the chat for all (true), or no longer does. */
  kept?: boolean
  /** Per linked device: has its page been given this message and confirmed it. */
  deliveredTo: Record<string, boolean>
}

/** A chat as the phone shows it. */
export type WorldChat = {
  id: string
  /** The subject, the name in the address book, or what the person calls itself. */
  name: string
  /** Unix seconds of the last activity. */
  t: number
  /** -1: marked as unread by hand. */
  unreadCount: number
  archived: boolean
  /** Unix seconds of the pinning; 0: not pinned. */
  pinned: number
  /** Unix seconds; -1 for ever, 0 not muted. */
  muteExpiration: number
  /** Seconds that new messages live; 0: for ever. */
  ephemeralDuration: number
  messageCount: number
  last: WorldMessage | null
}

/** `lidChat`: the direct chat with this person is addressed by LID (`<lid>@lid`), as on accounts already moved. */
export type WorldContact = {
  phone: string
  lid: string
  name: string | null
  pushname: string
  lidChat: boolean
  business?: boolean
  blocked?: boolean
  /** True while pages know this person by LID only; `phone` is then a secret of the service. */
  phoneHidden?: boolean
}

/** `members`: phones without the account itself. `lidMode`: authors inside the group appear as `@lid`. */
export type WorldGroup = {
  id: string
  subject: string
  members: string[]
  announce: boolean
  lidMode: boolean
  /** Phones that may change the group, the account's own among them if so. */
  admins?: string[]
  /** The account is no member (any more). */
  left?: boolean
}

/** A channel that the account follows. `id` ends in `@newsletter`. */
export type WorldChannel = { id: string; name: string; description: string }
