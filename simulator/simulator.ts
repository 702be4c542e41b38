/**
 * The double of WhatsApp: what a test, the sandbox or a person evaluating the product holds in its hands.
 *
 * It stands below whatsapp-web.js. A real Chromium, started with {@link Simulator.chromiumArgs}, loads the double's
 * page as https://web.whatsapp.com/. The *service* (accounts, phone, chats, messages, links, sends received) lives
 * in this process, outside the page, outlives every page and browser, and is what tests count loss and duplicates in.
 * Nothing here imports from `src/`: the double is an independent witness.
 */

/** One WhatsApp Web build that the double can serve; see `simulator/builds.ts` for the list, newest first. */
export type BuildName = string

/** How long the double takes for things. `none`: every delay 0. `realistic`: tens to thousands of ms, seeded. */
export type Pace = 'none' | 'realistic'

export type SimulatorOptions = {
  /** Folder for the service's own state, so that a restarted double still knows its links. `null`: memory only. */
  dataDir: string | null
  /** Seed for everything that looks random (ids, names, QR refs, delays). The same seed gives the same world. */
  seed?: number
  /** Build served to pages loaded from now on. Default: the newest. */
  build?: BuildName
  pace?: Pace
  /** How long one QR ref lives before the next one (real: about 60 s for the first, 20 s for each further). */
  qrTtlMs?: number
  /** Where the control API and the phone page listen; `null`: not at all. Port 0 picks a free one. */
  control?: { host: string; port: number } | null
}

/** A message as the service holds it: the truth that the archive of a client is compared with. */
export type WorldMessage = {
  /** Bare id (e.g. `3EB0…`), unique per service. */
  id: string
  /** Chat as the phone sees it: `<digits>@c.us`, `<digits>@lid` or `<id>@g.us`. */
  chat: string
  /** Who wrote it, by phone JID; the account's own JID for own messages. */
  from: string
  fromMe: boolean
  /** Which side wrote an own message: a linked device's id, or `phone`. */
  origin: string
  type: string
  body: string
  /** Unix seconds. */
  t: number
  /** Own messages: -1 failed, 0 not yet at the server, 1 server, 2 delivered, 3 read, 4 played. */
  ack: number
  /** Bare id of the message that this one answers. */
  quoted?: string
  /** Per linked device: has its page been given this message and confirmed it. */
  deliveredTo: Record<string, boolean>
}

/** `lidChat`: the direct chat with this person is addressed by LID (`<lid>@lid`), as on accounts already moved. */
export type WorldContact = {
  phone: string
  lid: string
  name: string | null
  pushname: string
  lidChat: boolean
}
/** `members`: phones without the account itself. `lidMode`: authors inside the group appear as `@lid`. */
export type WorldGroup = {
  id: string
  subject: string
  members: string[]
  announce: boolean
  lidMode: boolean
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
  /** Faults that are switched on, by name; see `simulator/service/faults.ts`. */
  faults: Record<string, unknown>
  /** What pages asked for and this double (or the real WhatsApp Web) does not have: modules, methods, arguments. */
  refusals: string[]
}

/** The phone's hand. Every verb is also a POST at `/control/<verb>` with the same argument object as JSON. */
export type World = {
  state(): WorldState
  /** All messages, oldest first, optionally of one chat. */
  messages(filter?: { chat?: string }): WorldMessage[]
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
  /** The contact reads everything in its direct chat with the account: own messages go to ack 3. */
  read(options: { by: string }): Promise<void>
  /**
   * Somebody with WhatsApp. `name: null` and no chat: a stranger, unknown to pages until they ask for the number.
   * `lidChat`: address the direct chat by LID.
   */
  addContact(options: {
    phone: string
    name?: string | null
    pushname?: string
    lidChat?: boolean
  }): WorldContact
  addGroup(options: { subject: string; members: string[]; announce?: boolean; lidMode?: boolean }): WorldGroup
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
