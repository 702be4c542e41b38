/**
 * The double of WhatsApp, for tests, the sandbox, and people who evaluate the product.
 *
 * It replaces everything below whatsapp-web.js. A real Chromium, started with {@link Simulator.chromiumArgs},
 * loads the double's page as https://web.whatsapp.com/. The *service* (accounts, phone, chats, messages,
 * links, received sends) runs in this process, outside the page, and outlives every page and browser: tests
 * count losses and duplicates in it. It imports nothing from `src/`, so that it is an independent reference.
 */
import type {
  NewContent,
  WorldCall,
  WorldChannel,
  WorldChat,
  WorldContact,
  WorldGroup,
  WorldLabel,
  WorldMessage,
} from './world-types.ts'

export type {
  MessageParts,
  NewContent,
  WorldCall,
  WorldChannel,
  WorldChat,
  WorldContact,
  WorldGroup,
  WorldMedia,
  WorldMessage,
  WorldReaction,
} from './world-types.ts'

/** One WhatsApp Web build that the double can serve; see `simulator/builds.ts` for the list, newest first. */
export type BuildName = string

/** The double's delays. `none`: every delay 0. `realistic`: tens to thousands of ms, seeded. */
export type Pace = 'none' | 'realistic'

export type SimulatorOptions = {
  /** Folder for the service's own state, so that a restarted double keeps its links. `null`: memory only. */
  dataDir: string | null
  /** Seed for all random values (ids, names, QR refs, delays). The same seed gives the same world. */
  seed?: number
  /** True: a new world also contains the people and messages that the documentation's examples name. */
  examples?: boolean
  /** Build for pages loaded from now on. Default: that of the variable `SIMULATED_BUILD`, else the newest. */
  build?: BuildName
  pace?: Pace
  /** Lifetime of one QR ref (real: about 60 s for the first, 20 s for each further). */
  qrTtlMs?: number
  /** Address of the control API and the phone page; `null`: off. Port 0 picks a free one. */
  control?: { host: string; port: number } | null
}

export type WorldState = {
  build: BuildName
  account: { phone: string; lid: string; pushname: string; platform: string; about?: string }
  /**
   * The linked devices of this account, oldest first. `online`: a page holds a live socket with its keys.
   * `news`: its page shows "What's new", and nobody has pressed "Continue".
   */
  devices: { id: string; linkedAt: string; online: boolean; news: boolean }[]
  /** What unlinked pages show now: the current QR text, and a waiting pairing code, if any. */
  linking: { qr: string | null; pairingCode: { code: string; phone: string } | null }
  contacts: WorldContact[]
  groups: WorldGroup[]
  channels: WorldChannel[]
  /** Faults that are switched on, by name; see `simulator/service/faults.ts`. */
  faults: Record<string, unknown>
  /**
   * What pages requested and this double (or the real WhatsApp Web) does not have: modules, methods,
   * arguments.
   */
  refusals: string[]
  /**
   * What browsers called themselves, each name once: the headers `user-agent` and `sec-ch-ua` of any request, and
   * `navigator.userAgent` with the brands of `navigator.userAgentData` in the page.
   */
  browserNames: string[]
  /** What clients showed of themselves, oldest first: online (`chat` null), or typing in a chat. `at`: Unix seconds. */
  presences: { chat: string | null; state: string; at: number }[]
  /** Addresses that clients looked up. */
  lookups: string[]
  /** Chats of which a client asked the phone for more history. */
  phoneAsked: string[]
  /** Bare ids of messages whose media a client asked the phone to upload again. */
  reuploads: string[]
  /** Calls to the account, in the order in which they began. */
  calls: WorldCall[]
}

/**
 * The account's phone. Every verb is also a POST at `/control/<verb>` with the same argument object as JSON.
 */
export type World = {
  state(): WorldState
  /**
   * All messages, oldest first; optionally of one chat, and only the newest `limit`. Includes notices of
   * groups and of encryption, with their `type`. After `seedHistory` the whole may be a million objects.
   */
  messages(filter?: { chat?: string; limit?: number }): WorldMessage[]
  /** The number of messages, without creating them. */
  countMessages(filter?: { chat?: string }): number
  /**
   * Messages in the memory of each page of this account that is connected: all, and those that are in a chat's list.
   */
  countInPages(): Promise<{ messages: number; inChats: number }[]>
  /** The chats as the phone lists them: pinned ones first, then the one with the newest activity. */
  chats(): WorldChat[]
  /**
   * Scan a QR with the account's phone. Without `qr`: the one that a page shows now, waiting up to 10 s for
   * one. Rejects with a sentence if the text is not a QR, belongs to an expired ref, or nothing is shown.
   */
  scan(options?: { qr?: string }): Promise<{ deviceId: string }>
  /**
   * Points the phone at the QR code but refuses ("Couldn't link device"): the page continues to show QR
   * codes.
   */
  refuseScan(): Promise<void>
  /**
   * Type a pairing code into the phone. Rejects when it is wrong or expired. Dashes and case do not matter.
   */
  typePairingCode(options: { code: string }): Promise<{ deviceId: string }>
  /** Dismiss the "link a device?" prompt of a waiting pairing code. */
  refusePairingCode(): Promise<void>
  /**
   * A contact writes: into the direct chat (`chat` left out) or a group. Delivered to every linked device, in
   * order. `from`: phone, `<phone>@c.us` or `<lid>@lid`. `quote`: bare id of the message to reply to.
   */
  write(options: {
    from: string
    text: string
    chat?: string
    t?: number
    quote?: string
  }): Promise<WorldMessage>
  /** The account's owner writes on the phone itself. */
  writeFromPhone(options: { chat: string; text: string; t?: number }): Promise<WorldMessage>
  /**
   * A contact, or with `from: 'me'` the owner on the phone, sends any kind of message: media, location, contact cards, poll, call, mentions, forwarded, view once.
   */
  writeContent(options: {
    from: string
    content: NewContent
    chat?: string
    t?: number
    quote?: string
  }): Promise<WorldMessage>
  /** The author changes the text, or the caption of media. Own messages: on the phone. */
  edit(options: { id: string; text: string }): Promise<WorldMessage>
  /** Delete for everyone: by its author, or by the group's admin `by` (a phone, or `me`). */
  revoke(options: { id: string; by?: string }): Promise<WorldMessage>
  /** Delete for me, on the phone: the messages leave the account's history on every device. */
  deleteForMe(options: { ids: string[] }): Promise<void>
  /**
   * React with one emoji, change it, or take it back with an empty one. `by`: a phone or address, or `me`.
   */
  react(options: { id: string; by: string; emoji: string }): Promise<WorldMessage>
  /** A member of a group got (`ack` 2), read (3) or played (4) an own message. */
  receive(options: { id: string; by: string; ack: number }): Promise<WorldMessage>
  /** Stars a message on the phone, or no longer. */
  star(options: { id: string; starred: boolean }): Promise<WorldMessage>
  /** A person (or `me`) pins the message for everyone in its chat; `seconds` 0 takes the pin back. */
  pinMessage(options: { id: string; by: string; seconds: number }): Promise<WorldMessage>
  /**
   * A person (or `me` on another device) votes in a poll: the numbers of all chosen options; none takes the vote back; null: a
   * vote that no device can decrypt.
   */
  vote(options: { id: string; by: string; options: number[] | null }): Promise<WorldMessage>
  /** A member keeps a disappearing message in the chat for all, or no longer. */
  keep(options: { id: string; kept: boolean }): Promise<WorldMessage>
  /**
   * The phone downloads and opens the media of a message: its bytes in base64, and why it cannot show them as what they are
   * sent as (`problem`). Throws a sentence if they cannot be downloaded or decrypted.
   */
  openMedia(options: { id: string }): { data: string; problem: string | null }
  /** The media host deletes the file of a message; with `onPhone` the phone no longer has it either. */
  expireMedia(options: { id: string; onPhone?: boolean }): void
  /** The contact reads everything in its direct chat with the account: own messages go to ack 3. */
  read(options: { by: string }): Promise<void>
  /**
   * Somebody with WhatsApp. `name: null` and no chat: a stranger, unknown to pages until they ask for the
   * number. `lidChat`: address the direct chat by LID. `phoneHidden`: pages know the person by LID only.
   */
  addContact(options: {
    phone: string
    name?: string | null
    pushname?: string
    lidChat?: boolean
    phoneHidden?: boolean
  }): WorldContact
  /** `foreign`: a group that the account is not in, and can join by its invite. */
  addGroup(options: {
    subject: string
    members: string[]
    announce?: boolean
    lidMode?: boolean
    foreign?: boolean
  }): WorldGroup
  /** Archive a chat on the phone, or bring it back. */
  archiveChat(options: { chat: string; archived: boolean }): Promise<void>
  /** Pin a chat on the phone, or take it down. */
  pinChat(options: { chat: string; pinned: boolean }): Promise<void>
  /** Mute a chat on the phone. `until`: Unix seconds, -1 for ever, 0 not muted. */
  muteChat(options: { chat: string; until: number }): Promise<void>
  /** Mark a chat as unread by hand: its count becomes -1. */
  markUnread(options: { chat: string }): Promise<void>
  /** The owner reads a chat on the phone: its count becomes 0. */
  readChat(options: { chat: string }): Promise<void>
  /** Delete a chat with its messages on the phone. */
  deleteChat(options: { chat: string }): Promise<void>
  /** Opens a chat without messages. */
  openChat(options: { chat: string }): Promise<void>
  /** Gives a contact another name in the phone's address book; `null` removes it from there. */
  renameContact(options: { phone: string; name: string | null }): Promise<WorldContact>
  /** The contact changes its own name. */
  setPushname(options: { phone: string; pushname: string }): Promise<WorldContact>
  /**
   * Block the contact on the phone or let it write again; say that it is a business, that it is not added to groups
   * without being asked, that it is online, or when it was (Unix seconds).
   */
  setContact(options: {
    phone: string
    blocked?: boolean
    business?: boolean
    invitesOnly?: boolean
    online?: boolean
    lastSeen?: number
  }): Promise<WorldContact>
  /** The owner changes their name or about text on the phone, or makes it a business account. */
  setProfile(options: { pushname?: string; about?: string; business?: boolean }): void
  /**
   * A person (a phone or address), or the owner on the phone (`me`), has another picture: a JPEG in base64, or a sample; null: none.
   * `hidden`: not for this account. Of a group: `by` a phone or `me`.
   */
  setPicture(options: { of: string; data?: string | null; hidden?: boolean; by?: string }): void
  /** What those see who may: a JPEG in base64; null: none. */
  pictureOf(options: { of: string }): string | null
  /**
   * `by`: phone of an admin, or `me`; default: the group's owner. Leaves a notice in the chat, as do those
   * below.
   */
  renameGroup(options: { group: string; subject: string; by?: string }): Promise<WorldGroup>
  /** `members`: phones, or `me` to put the account in again. */
  addMembers(options: { group: string; members: string[]; by?: string }): Promise<WorldGroup>
  /** `members`: phones, or `me`: the account is removed, and its chat is read-only from then on. */
  removeMembers(options: { group: string; members: string[]; by?: string }): Promise<WorldGroup>
  /** A member leaves by itself. */
  leaveGroup(options: { group: string; member: string }): Promise<WorldGroup>
  /** Makes a member (a phone, or `me`) an admin, or no longer an admin. */
  setAdmin(options: { group: string; member: string; admin: boolean; by?: string }): Promise<WorldGroup>
  /** Only admins may write; or everybody again. */
  setAnnounce(options: { group: string; announce: boolean; by?: string }): Promise<WorldGroup>
  /** Follow a channel, or with `own` create one, with these further admins (phones); `foreign`: one that the account does not follow. */
  addChannel(options: {
    name: string
    description?: string
    own?: boolean
    admins?: string[]
    foreign?: boolean
  }): Promise<WorldChannel>
  /** Creates a label, as business accounts have them. */
  addLabel(options: { name: string; color?: number }): WorldLabel
  /** Sets the labels of a chat on the phone. */
  setLabels(options: { chat: string; labels: string[] }): Promise<void>
  /** A person calls, alone or in a group; the account's devices ring. */
  ring(options: { from: string; video?: boolean; group?: string }): Promise<WorldCall>
  /** The caller hangs up before anybody answered. */
  hangUp(options: { id: string }): Promise<WorldCall>
  /** Changes one setting or the description of a group; `by` as above. */
  setGroup(options: {
    group: string
    by?: string
    description?: string
    restrict?: boolean
    adminsAdd?: boolean
    approves?: boolean
  }): Promise<WorldGroup>
  /** The code of the group's invite. */
  inviteTo(options: { group: string }): string
  /** A person asks to join a group whose admins approve, by its invite; `by`: a member who is no admin adds this person. */
  askToJoin(options: { group: string; person: string; by?: string }): Promise<WorldGroup>
  /** An admin lets the account in that has asked to join. */
  letIn(options: { group: string }): Promise<WorldGroup>
  /** The channel posts. */
  writeInChannel(options: { channel: string; content: NewContent; t?: number }): Promise<WorldMessage>
  /** A message from a chat at another server than those of people and groups, such as `1@bot` or `1@hosted`. */
  writeFromElsewhere(options: { from: string; content: NewContent }): Promise<WorldMessage>
  /** A contact, or with `me` the owner on the phone, posts a status. */
  writeStatus(options: { from: string; content: NewContent; t?: number }): Promise<WorldMessage>
  /**
   * WhatsApp moves the direct chat with this person from phone to LID: the chat has another id from now on,
   * old messages keep the phone in their keys.
   */
  migrateChat(options: { phone: string }): Promise<WorldContact>
  /**
   * The number passes to a new person with this pushname, as operators give numbers out again. The former person is known by LID
   * only; a chat by phone number keeps the messages of both.
   */
  moveNumber(options: { phone: string; pushname: string }): Promise<WorldContact>
  /** The phone number of a person known by LID only (`addContact` with `phoneHidden`) becomes known. */
  revealPhone(options: { lid: string }): Promise<WorldContact>
  /**
   * Sets the lifetime in seconds of messages written in this chat from now on; 0: for ever. Leaves a notice
   * in groups.
   */
  setDisappearing(options: { chat: string; seconds: number; by?: string }): Promise<void>
  /** Moves the service's clock forward: messages that have expired by then are deleted from every history. */
  moveClock(options: { seconds: number }): Promise<void>
  /**
   * Add a big world, deterministic by `seed`: `chats` more chats, `groups` of them groups (default a tenth),
   * with `messages` in all, oldest at `from`, newest at `to` (Unix seconds; default: the two years up to
   * now). A few chats hold most of them, some hold none. Made on demand: a million messages cost no memory
   * until they are asked for. They count as known to every linked device. Pages that are there learn of the
   * chats at once.
   */
  seedHistory(options: {
    chats: number
    messages: number
    groups?: number
    from?: number
    to?: number
    seed?: number
  }): Promise<{ chats: number; messages: number; contacts: number; groups: number }>
  /**
   * Remove a linked device on the phone (default: all). Works while the device is not connected too.
   * `navigate: false`: the page only goes to UNPAIRED and does not load `/?post_logout=1` (F15).
   */
  unlink(options?: { deviceId?: string; navigate?: boolean }): Promise<void>
  /** Switches to another account's phone (created if new). Existing links stay with their account. */
  switchAccount(options: { phone: string; pushname?: string }): void
  /** Makes all accounts of this world contacts of each other. Texts that one sends to another then arrive there. */
  introduceAccounts(): void
  /** Serve this build from the next page load on. */
  setBuild(options: { build: BuildName }): void
  /**
   * Switch a named fault on (`value` true or its parameters) or off (`value` false). Throws for an unknown
   * name. Await it to be sure that running pages apply it (1 s at most).
   */
  setFault(options: { name: string; value: unknown }): void | Promise<void>
  clearFaults(): void | Promise<void>
}

export type Simulator = {
  /**
   * What to add to Chromium's command line: host resolver rules, the certificate's SPKI hash, no stray
   * lookups.
   */
  chromiumArgs: string[]
  /** Base URL of the control API and the phone page, e.g. `http://127.0.0.1:8891`; null if it is off. */
  controlUrl: string | null
  world: World
  /** Called on every change of the world; returns the unsubscribe function. */
  onChange(listener: () => void): () => void
  close(): Promise<void>
}

/** Options as above; rejects if a port is in use or `dataDir` cannot be written. */
export type OpenSimulator = (options: SimulatorOptions) => Promise<Simulator>
