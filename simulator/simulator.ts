/**
 * The double of WhatsApp: what a test, the sandbox or a person evaluating the product holds in its hands.
 *
 * It stands below whatsapp-web.js. A real Chromium, started with {@link Simulator.chromiumArgs}, loads the double's
 * page as https://web.whatsapp.com/. The *service* (accounts, phone, chats, messages, links, sends received) lives
 * in this process, outside the page, outlives every page and browser, and is what tests count loss and duplicates in.
 * Nothing here imports from `src/`: the double is an independent witness.
 */
import type {
  NewContent,
  WorldChannel,
  WorldChat,
  WorldContact,
  WorldGroup,
  WorldMessage,
} from './world-types.ts'

export type {
  MessageParts,
  NewContent,
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

/** How long the double takes for things. `none`: every delay 0. `realistic`: tens to thousands of ms, seeded. */
export type Pace = 'none' | 'realistic'

export type SimulatorOptions = {
  /** Folder for the service's own state, so that a restarted double still knows its links. `null`: memory only. */
  dataDir: string | null
  /** Seed for everything that looks random (ids, names, QR refs, delays). The same seed gives the same world. */
  seed?: number
  /** Does a new world also have the people and messages that the examples of the documentation name? */
  examples?: boolean
  /** Build served to pages loaded from now on. Default: the newest. */
  build?: BuildName
  pace?: Pace
  /** How long one QR ref lives before the next one (real: about 60 s for the first, 20 s for each further). */
  qrTtlMs?: number
  /** Where the control API and the phone page listen; `null`: not at all. Port 0 picks a free one. */
  control?: { host: string; port: number } | null
}

export type WorldState = {
  build: BuildName
  account: { phone: string; lid: string; pushname: string; platform: string }
  /** The linked devices of this account, oldest first. `online`: a page holds a live socket with its keys. */
  devices: { id: string; linkedAt: string; online: boolean }[]
  /** What unlinked pages show right now: the current QR text, and a pairing code that waits, if any. */
  linking: { qr: string | null; pairingCode: { code: string; phone: string } | null }
  contacts: WorldContact[]
  groups: WorldGroup[]
  channels: WorldChannel[]
  /** Faults that are switched on, by name; see `simulator/service/faults.ts`. */
  faults: Record<string, unknown>
  /** What pages asked for and this double (or the real WhatsApp Web) does not have: modules, methods, arguments. */
  refusals: string[]
}

/** The phone's hand. Every verb is also a POST at `/control/<verb>` with the same argument object as JSON. */
export type World = {
  state(): WorldState
  /**
   * All messages, oldest first; of one chat, and only the newest `limit`, where asked. Notices of groups and of
   * encryption are among them, by their `type`. After `seedHistory` the whole may be a million objects.
   */
  messages(filter?: { chat?: string; limit?: number }): WorldMessage[]
  /** How many messages there are, without making them. */
  countMessages(filter?: { chat?: string }): number
  /** The chats as the phone lists them: pinned ones first, then the one with the newest activity. */
  chats(): WorldChat[]
  /**
   * Scan a QR with the account's phone. Without `qr`: the one that a page shows now, waiting up to 10 s for one.
   * Rejects with a sentence if the text is not a QR, belongs to an expired ref, or nothing is shown.
   */
  scan(options?: { qr?: string }): Promise<{ deviceId: string }>
  /** Hold the phone to the QR but refuse ("Couldn't link device"): the page goes on showing QRs. */
  refuseScan(): Promise<void>
  /** Type a pairing code into the phone. Rejects when it is wrong or expired. Dashes and case do not matter. */
  typePairingCode(options: { code: string }): Promise<{ deviceId: string }>
  /** Dismiss the "link a device?" prompt of a waiting pairing code. */
  refusePairingCode(): Promise<void>
  /**
   * A contact writes: into the direct chat (`chat` left out) or a group. Delivered to every linked device, in order.
   * `from`: phone, `<phone>@c.us` or `<lid>@lid`. `quote`: bare id of the message that it answers.
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
   * A contact, or with `from: 'me'` the owner on the phone, sends any kind of message: media (described, without
   * bytes), location, contact cards, poll, call, mentions, forwarded, view once.
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
  /** React with one emoji, change it, or take it back with an empty one. `by`: a phone or address, or `me`. */
  react(options: { id: string; by: string; emoji: string }): Promise<WorldMessage>
  /** Somebody keeps a disappearing message in the chat for all, or no longer. */
  keep(options: { id: string; kept: boolean }): Promise<WorldMessage>
  /** The contact reads everything in its direct chat with the account: own messages go to ack 3. */
  read(options: { by: string }): Promise<void>
  /**
   * Somebody with WhatsApp. `name: null` and no chat: a stranger, unknown to pages until they ask for the number.
   * `lidChat`: address the direct chat by LID. `phoneHidden`: pages know the person by LID only.
   */
  addContact(options: {
    phone: string
    name?: string | null
    pushname?: string
    lidChat?: boolean
    phoneHidden?: boolean
  }): WorldContact
  addGroup(options: { subject: string; members: string[]; announce?: boolean; lidMode?: boolean }): WorldGroup
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
  /** A chat in which nobody has written yet. */
  openChat(options: { chat: string }): Promise<void>
  /** Give a contact another name in the phone's address book; `null` takes it out. */
  renameContact(options: { phone: string; name: string | null }): Promise<WorldContact>
  /** The contact calls itself something else. */
  setPushname(options: { phone: string; pushname: string }): Promise<WorldContact>
  /** Block the contact on the phone or let it write again, or say that it is a business. */
  setContact(options: { phone: string; blocked?: boolean; business?: boolean }): Promise<WorldContact>
  /** `by`: phone of an admin, or `me`; default: the group's owner. Leaves a notice in the chat, as do those below. */
  renameGroup(options: { group: string; subject: string; by?: string }): Promise<WorldGroup>
  /** `members`: phones, or `me` to put the account in again. */
  addMembers(options: { group: string; members: string[]; by?: string }): Promise<WorldGroup>
  /** `members`: phones, or `me`: the account is removed, and its chat is read-only from then on. */
  removeMembers(options: { group: string; members: string[]; by?: string }): Promise<WorldGroup>
  /** Somebody leaves by itself. */
  leaveGroup(options: { group: string; member: string }): Promise<WorldGroup>
  /** Make a member (a phone, or `me`) an admin, or no admin any more. */
  setAdmin(options: { group: string; member: string; admin: boolean; by?: string }): Promise<WorldGroup>
  /** Only admins may write; or everybody again. */
  setAnnounce(options: { group: string; announce: boolean; by?: string }): Promise<WorldGroup>
  /** Follow a channel. */
  addChannel(options: { name: string; description?: string }): Promise<WorldChannel>
  /** The channel posts. */
  writeInChannel(options: { channel: string; content: NewContent; t?: number }): Promise<WorldMessage>
  /** A contact, or with `me` the owner on the phone, posts a status. */
  writeStatus(options: { from: string; content: NewContent; t?: number }): Promise<WorldMessage>
  /**
   * WhatsApp moves the direct chat with this person from phone to LID: the chat has another id from now on, old
   * messages keep the phone in their keys.
   */
  migrateChat(options: { phone: string }): Promise<WorldContact>
  /** The phone number of somebody known by LID only (`addContact` with `phoneHidden`) becomes known. */
  revealPhone(options: { lid: string }): Promise<WorldContact>
  /** Messages written in this chat from now on live so many seconds; 0: for ever. Leaves a notice in groups. */
  setDisappearing(options: { chat: string; seconds: number; by?: string }): Promise<void>
  /** Move the service's clock forward: what has expired by then leaves every history now. */
  moveClock(options: { seconds: number }): Promise<void>
  /**
   * Add a big world, deterministic by `seed`: `chats` more chats, `groups` of them groups (default a tenth), with
   * `messages` in all, oldest at `from`, newest at `to` (Unix seconds; default: the two years up to now). A few chats
   * hold most of them, some hold none. Made on demand: a million messages cost no memory until they are asked for.
   * They count as known to every linked device. Pages that are there learn of the chats at once.
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
  /** From now on the phone in the hand is another account's (made if new). Existing links stay with their account. */
  switchAccount(options: { phone: string; pushname?: string }): void
  /** Serve this build from the next page load on. */
  setBuild(options: { build: BuildName }): void
  /**
   * Switch a named fault on (`value` true or its parameters) or off (`value` false). Throws for an unknown name.
   * Await it to know that the pages that run have taken note (1 s at most).
   */
  setFault(options: { name: string; value: unknown }): void | Promise<void>
  clearFaults(): void | Promise<void>
}

export type Simulator = {
  /** What to add to Chromium's command line: host resolver rules, the certificate's SPKI hash, no stray lookups. */
  chromiumArgs: string[]
  /** Base URL of the control API and the phone page, e.g. `http://127.0.0.1:8891`; null when switched off. */
  controlUrl: string | null
  world: World
  /** Called on every change of the world; returns the unsubscribe function. */
  onChange(listener: () => void): () => void
  close(): Promise<void>
}

/** Options as above; rejects if a port is taken or `dataDir` cannot be written. */
export type OpenSimulator = (options: SimulatorOptions) => Promise<Simulator>
