/** The table of faults: its name, the entry of the failure catalogue that it causes, and what it does. */

export type FaultFacts = {
  /**
   * Entries of the failure catalogue that it causes (`F…` and `W…`: docs/failures.md), error codes, events, or issues.
   */
  provokes: string
  /** What simulates it: the https host, the service, or the page (which receives it at its load and on every change). */
  where: 'host' | 'service' | 'page'
  /** The values besides `true`; `false` switches the fault off. */
  value: string
  does: string
}

/** Every fault by name. */
export const faultTable = {
  load_hangs: {
    provokes: 'F6',
    where: 'host',
    value: '',
    does: 'TLS connects, but the document is never sent.',
  },
  load_refused: {
    provokes: 'F7',
    where: 'host',
    value: '',
    does: 'Every new connection is closed at once: net::ERR_… in the browser, until the fault is off.',
  },
  offline: {
    provokes: 'F16',
    where: 'host',
    value: '',
    does: 'The network is down: connections are closed and none is accepted. Pages alternate between TIMEOUT and OPENING. Sends queue, lookups hang, a reload shows an error page.',
  },
  half_open: {
    provokes: 'F31',
    where: 'service',
    value: '{ again: true } also every later connection',
    does: 'The connections of open pages stay open, and nothing arrives on either side: the state is CONNECTED, sends get no ack, lookups hang, messages are missed. They stay so when the fault is off; new connections work.',
  },
  version_never: {
    provokes: 'F6',
    where: 'page',
    value: '',
    does: '`window.Debug.VERSION` is never defined.',
  },
  opening_forever: {
    provokes: 'F6',
    where: 'page',
    value: '',
    does: '`Socket.state` stays OPENING; the page never connects.',
  },
  module_missing: {
    provokes: 'F7, F9, F30',
    where: 'page',
    value: 'name, or { name }, or { names: [] }',
    does: '`window.require` throws for these modules from now on.',
  },
  sync_before_attach: {
    provokes: 'F9',
    where: 'page',
    value: '',
    does: '`hasSynced` is true before `Debug.VERSION` is defined, so before any client can add a listener. For pages with a saved link.',
  },
  sync_never: {
    provokes: 'F9',
    where: 'page',
    value: '',
    does: 'The socket is CONNECTED, `hasSynced` never comes.',
  },
  sync_slow: {
    provokes: 'F9',
    where: 'page',
    value: '{ percent = 0 }',
    does: 'The sync stays at this percentage, with its event; it goes on when the fault is switched off.',
  },
  double_synced: {
    provokes: 'F10',
    where: 'page',
    value: '{ gapMs = 30, times = 2 }',
    does: '`hasSynced` changes to false and to true again, `times` times in total, `gapMs` apart; on a running page at once.',
  },
  extra_iframe: {
    provokes: 'F10',
    where: 'page',
    value: '',
    does: 'The page adds an iframe that navigates: during its load before and after the sync, on a running page at once.',
  },
  reload_burst: {
    provokes: 'F8',
    where: 'page',
    value: '{ times = 3, withinMs = 250 }',
    does: 'The page reloads itself `times` times within `withinMs`, once each time the fault is switched on.',
  },
  qr_without_ref: {
    provokes: 'F11',
    where: 'page',
    value: '',
    does: 'UNPAIRED comes before the first ref, which follows once a client listens for it: a client that creates a QR code at once writes `undefined,…`.',
  },
  qr_idle: {
    provokes: 'F11',
    where: 'service',
    value: '',
    does: 'Refs stop: open unlinked pages go to UNPAIRED_IDLE now, also while a pairing code is waiting; later pages do so after their first ref. `refreshQR` returns one more ref.',
  },
  scan_refused: {
    provokes: 'a refused scan',
    where: 'service',
    value: '',
    does: 'The phone shows "Couldn\'t link device" after a scan and after a pairing code; pages still show QR codes.',
  },
  passkey_required: {
    provokes: 'W6',
    where: 'service',
    value: '',
    does: 'After a scan or pairing code the phone shows "Continue on your other device"; the page calls `navigator.credentials.get` and links only if an authenticator responds.',
  },
  pairing_refused: {
    provokes: '`pairing_refused`',
    where: 'service',
    value: '',
    does: '`startAltLinkingFlow` rejects: CompanionHelloError with IQErrorForbidden, 403.',
  },
  pairing_rate_limited: {
    provokes: '`pairing_rate_limited`, wwebjs#3763',
    where: 'service',
    value: '',
    does: '`startAltLinkingFlow` rejects: CompanionHelloError with IQErrorRateOverlimit, 429.',
  },
  preview_fails: {
    provokes: 'OpenWA patch 3',
    where: 'page',
    value: '',
    does: '`getLinkPreview` rejects, which rejects the whole send of the stock library.',
  },
  preview_hangs: {
    provokes: 'OpenWA patch 3',
    where: 'page',
    value: '',
    does: '`getLinkPreview` never resolves.',
  },
  act_hangs: {
    provokes: '`outcome_unknown`',
    where: 'service',
    value: '',
    does: 'WhatsApp does what a device does to a message (edit, delete, react, star, pin), but never responds.',
  },
  act_fails: {
    provokes: '`outcome_unknown`; for an edit `whatsapp_error`',
    where: 'service',
    value: '',
    does: 'WhatsApp does nothing of it. A reaction and a pin throw, an edit marks the message as failed, the others do nothing.',
  },
  conflict: {
    provokes: 'F15',
    where: 'service',
    value: '{ again: true } also for every later connection',
    does: "Another browser takes over the session: the state is CONFLICT, the page's socket is closed, and `takeover` takes it back.",
  },
  unpaired_without_navigation: {
    provokes: 'F15',
    where: 'service',
    value: '',
    does: 'All linked devices are removed; their pages go to UNPAIRED and do not navigate.',
  },
  state: {
    provokes: 'F15, F16',
    where: 'page',
    value: 'a state, or { value }',
    does: '`Socket.state` becomes this state, now and after every connection.',
  },
  send_hangs: {
    provokes: 'F19',
    where: 'service',
    value: '{ delivered: true }: the service accepts the message all the same',
    does: 'A sent message is never acknowledged: its ack stays 0, and the result never settles.',
  },
  send_waits: {
    provokes: 'a message of the phone with the same text',
    where: 'page',
    value: '',
    does: 'A sent message enters the page only when the fault is off: until then it has no event and the service does not have it.',
  },
  send_fails: {
    provokes: 'F19',
    where: 'service',
    value: '{ type } only for these',
    does: 'A sent message gets ack -1; the result is ERROR_UNKNOWN; the service does not have the message.',
  },
  status_upload_fails: {
    provokes: 'F19',
    where: 'page',
    value: '',
    does: 'The page cannot complete the media of a status update: it keeps the post without an ack, and resolves with ERROR_UPLOAD on newer builds (waha#2063).',
  },
  send_returns_undefined: {
    provokes: 'F19, F21',
    where: 'page',
    value: '',
    does: 'The message is accepted, but stored under the other address of the person (LID instead of phone number): the sent key finds nothing (wwebjs#3613).',
  },
  send_rejects: {
    provokes: 'F19',
    where: 'page',
    value: '',
    does: '`addAndSendMsgToChat` rejects before the message is in the page.',
  },
  logout_hangs: {
    provokes: 'F18',
    where: 'page',
    value: '',
    does: '`Socket.logout()` never settles; the link stays.',
  },
  logout_throws: {
    provokes: 'F18',
    where: 'page',
    value: '',
    does: '`Socket.logout()` rejects; the link stays.',
  },
  seen_throws: {
    provokes: 'F20',
    where: 'page',
    value: '',
    does: '`sendSeen` rejects, as in January 2026 (wwebjs#5718).',
  },
  no_lid: {
    provokes: 'F21',
    where: 'page',
    value: '{ phones: [] } only for these',
    does: '`findOrCreateLatestChat` rejects with "No LID for user" for people without a chat.',
  },
  delivered_twice: {
    provokes: 'F10, F21',
    where: 'service',
    value: '',
    does: "Every incoming direct message comes twice: as its chat is addressed, then with the person's other address.",
  },
  undecryptable: {
    provokes: '`message.decrypted`',
    where: 'service',
    value: '{ afterMs } readable after this time, { never: true } not even after a resend',
    does: 'Incoming messages arrive as ciphertext; the content follows when the page requests a resend.',
  },
  other_number: {
    provokes: 'waha#2120, wwebjs#1457',
    where: 'service',
    value: '{ "requested number": "number of the account" }',
    does: 'A lookup of the first number finds the account of the second, as in Brazil with and without the 9.',
  },
  lookup_hangs: {
    provokes: '`whatsapp_timeout`',
    where: 'service',
    value: '',
    does: 'A lookup of a phone number never returns.',
  },
  group_metadata: {
    provokes: 'F22',
    where: 'service',
    value: '{ mode = "rejects" | "hangs" | "slow", id?, delayMs? }',
    does: "A request for a group's metadata fails, never returns, or takes `delayMs`; for one group or all.",
  },
  group_metadata_takes: {
    provokes: 'F22',
    where: 'service',
    value: '{ ms = 50, atOnce? }',
    does: "Every request for a group's metadata takes `ms`; at most `atOnce` requests run at a time, the others wait. Can be combined with `group_metadata`.",
  },
  group_full: {
    provokes: 'wwebjs#201789',
    where: 'service',
    value: '',
    does: 'Nobody can be added to a group: it is full.',
  },
  channels_full: {
    provokes: 'change_refused',
    where: 'service',
    value: '',
    does: 'The server lets the account follow no more channels.',
  },
  profile_limited: {
    provokes: 'change_refused',
    where: 'service',
    value: '',
    does: 'The server refuses a new name or about text: the account changed it too often.',
  },
  pictures_limited: {
    provokes: 'change_refused',
    where: 'service',
    value: '',
    does: 'The server neither says what picture somebody has nor takes another: it was asked too often.',
  },
  picture_host_down: {
    provokes: 'whatsapp_error',
    where: 'service',
    value: '',
    does: 'The host that has the files of profile pictures fails.',
  },
  group_act_hangs: {
    provokes: 'outcome_unknown',
    where: 'service',
    value: '',
    does: 'The server does not respond to a change of a group.',
  },
  backlog_late: {
    provokes: 'F23',
    where: 'service',
    value: '{ share = 1 }, between 0 and 1',
    does: 'Messages that a page missed arrive as new messages, with events, in order, after its start (or when its connection is back), and not silently; with `share` only this share of them.',
  },
  backlog_deaf: {
    provokes: 'F23',
    where: 'page',
    value: '',
    does: 'With `backlog_late`: the late messages do not wait until a client listens for messages, so that it misses them.',
  },
  earlier_messages: {
    provokes: 'F24',
    where: 'service',
    value:
      '{ mode = "slow" | "hangs" | "rejects" | "overlaps" | "incomplete", chat?, delayMs?, by?, keep?, transfer? }',
    does: '`loadEarlierMsgs` takes `delayMs`, never returns, rejects, returns messages that the page already has (`by` of the newest), or ends after the newest `keep`, as if the phone had not transferred all; in one chat or all. `transfer` is what WhatsApp Web then says of the chat (`endOfHistoryTransferType`: 0 the phone can be asked, 4 it cannot); without it, nothing, also not when the rest arrives as the fault is switched off.',
  },
  chat_moves_in_place: {
    provokes: 'F21',
    where: 'page',
    value: '',
    does: 'A chat that moves to LID stays the same model with another id. Without this fault the old model is removed (`remove`) and a new one added.',
  },
  stored_silently: {
    provokes: 'F23, waha#2250',
    where: 'page',
    value: '{ share = 1 }, between 0 and 1: the share of messages, selected by their ids',
    does: 'Arriving messages are added to the page and their chat without being marked as new, so that no client gets an event.',
  },
  exports_missing: {
    provokes: '`not_supported_by_whatsapp_web`',
    where: 'page',
    value: '{ names: ["Module.export"] }',
    does: 'These exports of modules are undefined, as on another build.',
  },
  no_chat: {
    provokes: 'F21',
    where: 'page',
    value: '{ text? }: the error; without it, it resolves with nothing',
    does: '`findOrCreateLatestChat` opens no chat that is not there yet (WAWebFindChat: an account that is not migrated, a group that is gone).',
  },
  members_late: {
    provokes: 'F22',
    where: 'page',
    value: '',
    does: 'Groups have no members until the page requests them or the fault is off, also at the next load.',
  },
  channels_late: {
    provokes: 'F23',
    where: 'page',
    value: '',
    does: 'The collection of channels is empty until the fault is off, also at the next load.',
  },
  forward_inside: {
    provokes: '`outcome_unknown`',
    where: 'page',
    value: '',
    does: '`forwardMessages` sends by itself, not through the export of WAWebSendMsgChatAction.',
  },
  status_elsewhere: {
    provokes: '`outcome_unknown`',
    where: 'page',
    value: '',
    does: 'A new status update is not in the collection of messages: only the result has it.',
  },
  settings_late: {
    provokes: '`outcome_unknown`',
    where: 'page',
    value: '{ afterMs = 300 }',
    does: 'A changed setting of a group shows only with the notification of the server, and the response has no name.',
  },
  reactions_unsaid: {
    provokes: 'a reaction that is taken for removed',
    where: 'page',
    value: '',
    does: 'Messages do not say if they have reactions (`hasReaction`).',
  },
  pictures_untagged: {
    provokes: '`whatsapp_error`',
    where: 'page',
    value: '',
    does: 'Pictures have an address and no tag.',
  },
  message_late: {
    provokes: 'F21',
    where: 'page',
    value: '',
    does: 'Arriving messages are in the page only when the fault is off. Reactions to them are reported at once, and again directly before their message, as WhatsApp Web does with what another device sent first.',
  },
  odd_fields: {
    provokes: 'waha#1985',
    where: 'page',
    value: '{ messages?: {}, chats?: {}, contacts?: {} }: fields with any values',
    does: 'The models of messages, chats and people that the page creates from now on have these fields instead of their own.',
  },
  chat_unreadable: {
    provokes: 'a chat that is taken for deleted',
    where: 'page',
    value: '{ chat }: its id',
    does: 'The page has this chat from the next load on, but a field of it throws.',
  },
  status_risky: {
    provokes: 'OpenWA#1072',
    where: 'page',
    value: '',
    does: '`status@broadcast` is a chat in the list, with its posts in memory. A client that reads them, or loads earlier ones, loses the link at the next page load.',
  },
  channels_silent: {
    provokes: 'wwebjs#31537',
    where: 'page',
    value: '',
    does: 'Posts of channels are added to their channel only. Without this fault they also cause message events.',
  },
  restricted: {
    provokes: '`account.restricted`, waha#2166',
    where: 'page',
    value: '{ code = 463 | 475, endsAt?: Unix ms }',
    does: 'WhatsApp restricts the account: sends to people who have not written to it get ack -1. The page knows the restriction and its end (463: a time lock, 475: the quota of new chats).',
  },
  media_hangs: {
    provokes: '`whatsapp_timeout`',
    where: 'host',
    value: '',
    does: 'The media host answers no request: downloads and uploads never end.',
  },
  upload_refused: {
    provokes: 'B18',
    where: 'host',
    value: '',
    does: 'The media host accepts no upload, as for pages of an old build: `uploadMedia` returns no media entry.',
  },
  reupload_hangs: {
    provokes: '`whatsapp_timeout`',
    where: 'service',
    value: '',
    does: 'The phone is offline: it does not answer a page that asks for expired media.',
  },
  leak_memory: {
    provokes: 'F28',
    where: 'page',
    value: '{ megabytesPerSecond = 20 }',
    does: 'The page keeps filled buffers.',
  },
} satisfies Record<string, FaultFacts>

export type FaultName = keyof typeof faultTable

/** The faults that are switched on. */
export type Faults = {
  /** The fault's value, or undefined while it is off. */
  get(name: FaultName): unknown
  isOn(name: FaultName): boolean
  all(): Record<string, unknown>
  /** Only those that pages act out. */
  forPages(): Record<string, unknown>
  /** Switch on, or off with `false`; resolves when it has taken effect in the pages. Throws for an unknown name. */
  set(name: string, value: unknown): Promise<void>
}

/** Is `name` in the table? */
export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(faultTable, name)
}

/** Is this a fault that pages act out? */
export function isPageFault(name: FaultName): boolean {
  return faultTable[name].where === 'page'
}

/** A field of a fault's value; undefined if the value is no object or lacks it. */
export function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null && field in value ? Reflect.get(value, field) : undefined
}

/** All faults off. `onSet` hears of each change. */
export function createFaults(
  onSet: (name: FaultName, value: unknown, before: unknown) => Promise<void>,
): Faults {
  const values = new Map<FaultName, unknown>()
  return {
    get: (name) => values.get(name),
    isOn: (name) => values.has(name),
    all: () => Object.fromEntries(values),
    forPages: () => Object.fromEntries([...values].filter(([name]) => isPageFault(name))),
    set(name, value) {
      if (!isFaultName(name)) {
        throw new Error(
          `simulator: no fault ${JSON.stringify(name)}; there are ${Object.keys(faultTable).join(', ')}`,
        )
      }
      const before = values.get(name)
      if (value === false || value === null || value === undefined) values.delete(name)
      else values.set(name, value)
      return onSet(name, value ?? false, before)
    },
  }
}
