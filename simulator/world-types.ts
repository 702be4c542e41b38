/** The messages, chats, groups and people of the double's world, in plain JSON. */

/** Stands for the account's own phone if a verb takes an actor. */
export type Actor = string

/** A description of media; the media host has the bytes. Omitted fields get plausible values from the seed. */
export type WorldMedia = {
  mimetype: string
  sizeBytes: number
  filename?: string
  /** Audio and video, in whole seconds. */
  seconds?: number
  width?: number
  height?: number
  /** Voice notes: 64 values from 0 to 100. */
  waveform?: number[]
  /** A video that plays like a GIF. */
  gif?: true
  /** Base64, as the real fields are; different for each message. */
  mediaKey: string
  filehash: string
  encFilehash: string
  directPath: string
  /** Base64 of a tiny JPEG: the `body` of an image or video in the page. */
  thumbnail: string
}

/** Types of media. `ptt` is a voice note. */
export type MediaType = 'image' | 'video' | 'ptt' | 'audio' | 'document' | 'sticker'

/**
 * The notice that an action in a group leaves in its chat. Its message has `type` `gp2`; pages show no text
 * for it.
 */
export type WorldNotice = {
  subtype:
    | 'create'
    | 'add'
    | 'remove'
    | 'leave'
    | 'promote'
    | 'demote'
    | 'subject'
    | 'picture'
    | 'description'
    | 'announce'
    | 'restrict'
    | 'member_add_mode'
    | 'membership_approval_mode'
    | 'ephemeral'
    | 'invite'
    | 'revoke_invite'
    | 'created_membership_requests'
    | 'membership_approval_request'
  /** Phone JIDs of the people it is about. */
  recipients: string[]
}

/** A vote in a poll. `by`: phone JID. `options`: the whole choice; empty: taken back; null: devices cannot decrypt it. */
export type WorldBallot = { by: string; options: number[] | null; atMs: number; id: string }

/** `by`: phone JID. `atMs`: Unix ms. */
export type WorldReaction = { by: string; emoji: string; atMs: number; id: string }

/** A person got (2), read (3) or played (4) a message. `by`: phone JID. */
export type WorldReceipt = { by: string; ack: 2 | 3 | 4; atMs: number }

/** A pin for everyone in the chat. `by`: phone JID. `until`: Unix seconds. */
export type WorldPin = { by: string; until: number }

/**
 * Attributes of a message as its model has them in the page, in JSON: `{ $wid: address }` is an address, `{ $bytes: count }` bytes,
 * `{ $preview: characters }` an image in base64, `{ $models: [...] }` a list of models.
 */
export type RawModel = { type: string } & Readonly<Record<string, unknown>>

/** Data of a message beyond its text; each field is present only if it applies. */
export type MessageParts = {
  /** Text under an image, a video or a document; `body` is empty then. */
  caption?: string
  media?: WorldMedia
  location?: { lat: number; lng: number; name?: string; address?: string }
  vcards?: string[]
  /** `votes`: the present choice of each voter, by phone JID. `ballots`: the newest vote of each, as devices receive it. */
  poll?: {
    name: string
    options: string[]
    multiple: boolean
    votes?: Record<string, number[]>
    ballots?: WorldBallot[]
  }
  /** Phone JIDs. */
  mentions?: string[]
  /** An album: how many files it will have. `inAlbum`: the bare id of the album that a file belongs to. */
  album?: { photos: number; videos: number }
  inAlbum?: string
  /** What is shown of a page that the text links to. */
  preview?: { title: string; url: string }
  /** How often it was forwarded; 1 to 127. */
  forwarded?: number
  viewOnce?: true
  call?: { video: boolean; missed: boolean; seconds: number }
  /** A status text: its colour (ARGB), and its font by number. */
  status?: { color: number; font: number }
  notice?: WorldNotice
  model?: RawModel
}

/**
 * The argument of {@link World.writeContent}: one type with its own fields, and fields that any type may
 * have.
 */
export type NewContent = {
  type: 'chat' | MediaType | 'location' | 'vcard' | 'poll_creation' | 'call_log' | 'e2e_notification' | 'raw'
  /** `chat` only. */
  text?: string
  /** `image`, `video`, `document`. */
  caption?: string
  /**
   * Media: any of these values; the others are generated. `data`: the bytes in base64; without it a sample of `sizeBytes`,
   * and above 8 MiB no bytes at all.
   */
  media?: Partial<
    Pick<
      WorldMedia,
      'mimetype' | 'sizeBytes' | 'filename' | 'seconds' | 'width' | 'height' | 'waveform' | 'gif'
    >
  > & { data?: string }
  location?: NonNullable<MessageParts['location']>
  /** One is a `vcard`, several become a `multi_vcard`. */
  vcards?: string[]
  poll?: { name: string; options: string[]; multiple?: boolean }
  /** `raw`: of any kind; see `kinds.ts`. */
  model?: RawModel
  call?: { video?: boolean; missed?: boolean; seconds?: number }
  /** Phone numbers or addresses; the text must contain them as `@<phone or LID>` itself. */
  mentions?: string[]
  forwarded?: number
  viewOnce?: boolean
}

/** A message as stored by the service: the reference for the archive of a client. */
export type WorldMessage = MessageParts & {
  /** Bare id (e.g. `3EB0…`), unique per service. */
  id: string
  /**
   * Chat as the phone sees it: `<digits>@c.us`, `<digits>@lid`, `<id>@g.us`, `<id>@newsletter` or
   * `status@broadcast`. After a move to LID (`migrateChat`) this is the new address for old messages too.
   */
  chat: string
  /** The address in the message's key if it differs from `chat`: it was written before the chat moved. */
  addressedAs?: string
  /** The author's phone JID; the account's own JID for own messages; a channel's JID for its posts. */
  from: string
  fromMe: boolean
  /** The source of an own message: a linked device's id, or `phone`. */
  origin: string
  /** WhatsApp's name of the type; `revoked` once it is deleted for everyone. */
  type: string
  body: string
  /** Unix seconds. */
  t: number
  /** Own messages: -1 failed, 0 not yet at the server, 1 server, 2 delivered, 3 read, 4 played. */
  ack: number
  /** Bare id of the quoted message. */
  quoted?: string
  /** Unix ms of the last edit. */
  editedAtMs?: number
  /** Phone JID of the person who deleted it for everyone. */
  revokedBy?: string
  /**
   * The bare id that it has in pages since: there a deleted message takes its deletion's id (`WAWebRevoke`).
   */
  revokedAs?: string
  /** The current reactions, at most one per person, in order of arrival. */
  reactions?: WorldReaction[]
  /** The owner starred it; nobody else sees that. */
  starred?: true
  pinned?: WorldPin
  /** Of own messages, oldest first. */
  receipts?: WorldReceipt[]
  /** Disappearing: its lifetime in seconds, from `t` on. */
  ephemeralDuration?: number
  /** Disappearing: a member keeps it in the chat for all (true), or no longer does. */
  kept?: boolean
  /** By linked device: whether its page has received and confirmed this message. */
  deliveredTo: Record<string, boolean>
}

/** A chat as the phone shows it. */
export type WorldChat = {
  id: string
  /** The subject, the name in the address book, or the person's own name. */
  name: string
  /** Unix seconds of the last activity. */
  t: number
  /** -1: marked as unread by hand. */
  unreadCount: number
  archived: boolean
  /** Unix seconds when it was pinned; 0: not pinned. */
  pinned: number
  /** Unix seconds; -1 for ever, 0 not muted. */
  muteExpiration: number
  /** Lifetime of new messages in seconds; 0: for ever. */
  ephemeralDuration: number
  /** Ids of its labels. */
  labels: string[]
  messageCount: number
  last: WorldMessage | null
}

/**
 * `lidChat`: the direct chat with this person is addressed by LID (`<lid>@lid`), as on accounts already
 * moved.
 */
export type WorldContact = {
  phone: string
  lid: string
  name: string | null
  pushname: string
  lidChat: boolean
  business?: boolean
  blocked?: boolean
  /** Only people of their address book add them to groups; the account is not in it. */
  invitesOnly?: boolean
  /** True while pages know this person by LID only; `phone` is then known to the service only. */
  phoneHidden?: boolean
  /** Is online now; was last online then (Unix seconds, omitted: hides it). */
  online?: boolean
  lastSeen?: number
}

/** `members`: phones without the account itself. `lidMode`: authors inside the group appear as `@lid`. */
export type WorldGroup = {
  id: string
  subject: string
  members: string[]
  announce: boolean
  lidMode: boolean
  /** Phone numbers that may change the group, including the account's own if it may. */
  admins?: string[]
  /** True if the account is not (or no longer) a member. */
  left?: boolean
  description?: string
  /** Only admins edit; only admins add; admins approve who joins. */
  restrict?: boolean
  adminsAdd?: boolean
  approves?: boolean
  /** The code of its invite, once somebody has looked at it. */
  invite?: string
  /** Who asked to join, and when (Unix seconds). */
  requests?: { phone: string; t: number }[]
  /** The account asked to join. */
  asked?: boolean
}

/** A channel that the account follows. `id` ends in `@newsletter`. */
export type WorldChannel = {
  id: string
  name: string
  description: string
  /** True if it belongs to the account, which may post in it. */
  own?: boolean
  /** Phone numbers of its other admins. */
  admins?: string[]
  /** The account does not follow it. */
  foreign?: boolean
}

/** A label of a business account. */
export type WorldLabel = { id: string; name: string; color: number }

/** A call to the account. `from`: phone JID. */
export type WorldCall = {
  id: string
  from: string
  video: boolean
  /** The group that it is a call of. */
  group?: string
  state: 'ringing' | 'rejected' | 'missed'
}
