/**
 * The interface of the control database: the data that belongs to no single account. All methods are asynchronous, because
 * a server on several machines would store it elsewhere. `store/open-control.ts` implements it in SQLite.
 */
import type { Decision } from './model/audit.ts'
import type { Scope } from './model/caller.ts'
import type { EventKind } from './model/events.ts'
import type { AccountId, Jid, MessageKey } from './model/ids.ts'
import type { HoldReason, OutboxState } from './model/outbox.ts'
import type { Sends } from './model/policy.ts'
import type { Sight } from './model/sight.ts'
import type { Toolset } from './model/toolsets.ts'
import type { PauseReason, WebhookFilter } from './model/webhook.ts'

export type AccountRow = {
  id: AccountId
  /** Name for people; null if none was set. */
  label: string | null
  /** The state that the owner chose. It survives a restart of the server. */
  state: 'running' | 'stopped'
  /** URL of the proxy for the account's browser. Secret, because it may include credentials: never returned, never logged. */
  proxy: string | null
  /** The linked WhatsApp account; null if none was linked yet. */
  number: Jid | null
  /** Unix milliseconds. */
  createdAtMs: number
}

/**
 * Every method can reject with an AppError: `control_damaged`, `control_foreign`, `control_newer` or `control_locked` if the
 * database cannot be opened, `control_unavailable` if the disk fails, and the codes in its own docstring.
 */
export type ControlStore = {
  accounts: {
    /** Lists the accounts by id, `default` first. `default` always exists. */
    list(): Promise<AccountRow[]>
    /** Returns the account; null if it does not exist. */
    get(id: AccountId): Promise<AccountRow | null>
    /** Adds a running account without a number. `account_exists` */
    add(account: Pick<AccountRow, 'id' | 'label' | 'proxy'>): Promise<AccountRow>
    /** Changes the given fields and returns the changed account. `account_not_found` */
    change(id: AccountId, change: AccountChange): Promise<AccountRow>
    /** Removes the account. `account_not_found`; `account_in_use` for `default` */
    remove(id: AccountId): Promise<void>
  }
  outbox: {
    /** Stores a new item. */
    add(row: OutboxRow): Promise<void>
    /**
     * Changes the item if it is in one of these states and has this digest (left out: any), and returns it as it then is;
     * else null. One transaction: of two callers that decide on an item, one gets null. `isElsewhere`: a power cut may undo the
     * change, because the archive shows it too.
     */
    change(
      id: string,
      from: readonly OutboxState[],
      change: OutboxChange,
      options?: { digest?: string | undefined; isElsewhere?: boolean | undefined },
    ): Promise<OutboxRow | null>
    /** Returns the item; null if it does not exist. */
    get(id: string): Promise<OutboxRow | null>
    /** Returns the item that this call created; null if it created none. */
    byRequest(request: RequestKey): Promise<OutboxRow | null>
    /**
     * Returns items of the numbers that are linked now, and of removed accounts, newest first. `before`: only items older than the one
     * with this id.
     */
    list(which: OutboxFilter): Promise<OutboxRow[]>
    /** Returns the items of this account that are held, scheduled, sending or unknown, oldest first. */
    open(account: AccountId): Promise<OutboxRow[]>
    /** Deletes the settled items to these addresses of a chat, and the names and texts of the others. */
    forget(account: AccountId, chats: readonly Jid[]): Promise<void>
  }
  requests: {
    /**
     * Notes that a call with this key begins, and returns null. If there was such a call within {@link KEPT_MS}, changes
     * nothing and returns it.
     */
    begin(request: RequestKey, input: string): Promise<RequestRow | null>
    /**
     * Continues a call that an earlier run of the server began and never finished. Returns false if another call does so
     * already.
     */
    takeOver(request: RequestKey): Promise<boolean>
    /** Notes what the call returned. */
    finish(request: RequestKey, outcome: string): Promise<void>
    /** Forgets the call: it did nothing, and its key can be used again. */
    release(request: RequestKey): Promise<void>
    /**
     * Forgets the calls of this account. Another number is linked now, and their outcomes belong to the former one.
     * @param except operations whose outcomes do not depend on the number
     */
    forget(account: AccountId, except: readonly string[]): Promise<void>
  }
  keys: {
    /** Lists the keys in the order of their creation. */
    list(): Promise<KeyRow[]>
    /** Adds or replaces the key. */
    put(key: KeyRow): Promise<void>
    /** Removes the key, if it exists. */
    remove(id: string): Promise<void>
    /** Stores when keys were last used, in Unix milliseconds by id. */
    used(times: ReadonlyMap<string, number>): Promise<void>
  }
  webhooks: {
    /** Lists the webhooks of all accounts in the order of their creation. */
    list(): Promise<WebhookRow[]>
    /** Adds or replaces the webhook, and removes its lanes of the chats that are `ended`, in one transaction. */
    put(row: WebhookRow, ended?: readonly string[]): Promise<void>
    /** Removes the webhook with all its deliveries. */
    remove(id: string): Promise<void>
    /**
     * Stores the positions of webhooks in the event log, as cursors by id: what they were sending is removed, because it is behind
     * them.
     */
    reached(places: ReadonlyMap<string, string>): Promise<void>
    /**
     * Stores where webhooks are, and what they send from there on, by id. It outlives the process at once, but a loss of power only
     * once the system has written it.
     */
    begun(sending: ReadonlyMap<string, Begun>): Promise<void>
    /** Lists what this webhook was sending. */
    sending(webhook: string): Promise<Sending[]>
    /** Removes what deleted rows have left in the file. */
    wipe(): Promise<void>
    /** Removes the lanes of this webhook, and what it was sending: the texts of its deliveries. */
    empty(webhook: string): Promise<void>
    /** Lists the chats in which a delivery of this webhook fails. */
    lanes(webhook: string): Promise<LaneRow[]>
    /** Adds or replaces the lane. `dead`: stores this delivery too, in the same transaction. */
    putLane(lane: LaneRow, dead?: DeadRow): Promise<void>
    /** Removes the lane, if it exists. */
    removeLane(lane: Pick<LaneRow, 'webhook' | 'chat'>): Promise<void>
    /** Returns dead deliveries, newest first. `after`: only those after that of the event `key`, which died at `atMs`. */
    dead(webhook: string, limit: number, after?: { atMs: number; key: string } | null): Promise<DeadRow[]>
    /** Returns the dead delivery; null if there is none. */
    deadOne(webhook: string, event: string): Promise<DeadRow | null>
    /** Removes the dead delivery, if it exists. */
    removeDead(webhook: string, event: string): Promise<void>
    /** Returns the numbers of dead deliveries by webhook. */
    countDead(): Promise<ReadonlyMap<string, number>>
  }
  rules: {
    /** Lists the positions of the rules of the rules file. Their lanes are those of `webhooks`. */
    list(): Promise<RuleRow[]>
    /** Adds or replaces the row. */
    put(row: RuleRow): Promise<void>
    /** Removes the row with all its deliveries. */
    remove(id: string): Promise<void>
    /** As those of `webhooks`. */
    reached(places: ReadonlyMap<string, string>): Promise<void>
    begun(sending: ReadonlyMap<string, Begun>): Promise<void>
    wipe(): Promise<void>
  }
  audit: {
    /** Adds these rows, in this order. */
    add(rows: readonly AuditRow[]): Promise<void>
    /** Returns rows, newest first. */
    list(which: AuditFilter): Promise<(AuditRow & { id: number })[]>
    /** Deletes the rows before this time (Unix milliseconds), and the oldest ones of more than 500,000. */
    prune(beforeMs: number): Promise<void>
  }
  /** Closes the database permanently. Later calls reject with `shutting_down`. Safe to call twice. Never rejects. */
  close(): Promise<void>
}

export type AccountChange = Partial<Pick<AccountRow, 'label' | 'state' | 'proxy' | 'number'>>

/** Keyed calls, and settled and unknown items of the outbox, are kept this long. */
export const KEPT_MS = 7 * 24 * 3_600_000

/** Dead deliveries of webhooks are kept this long. */
export const KEPT_DEAD_MS = 30 * 24 * 3_600_000

/** See migrations/control/02-outbox.sql. */
export type OutboxRow = {
  id: string
  account: AccountId
  number: Jid
  state: OutboxState
  operation: string
  caller: string
  /** The idempotency key of the call. */
  request: string | null
  reason: HoldReason | null
  chat: Jid
  chatName: string
  preview: string
  digest: string
  replyTo: string | null
  content: string | null
  bareId: string
  createdAtMs: number
  releaseAtMs: number | null
  expiresAtMs: number | null
  sentAtMs: number | null
  messageId: MessageKey | null
  /** The code and the sentence of an error. */
  error: { code: string; detail: string } | null
}
export type OutboxChange = Partial<Omit<OutboxRow, 'id' | 'account' | 'number' | 'bareId'>>
export type OutboxFilter = {
  account?: string | undefined
  state?: OutboxState | undefined
  before?: string | undefined
  limit: number
}

/** A call with an idempotency key. */
export type RequestKey = { caller: string; account: string; operation: string; key: string }
/** `input`: hash of its input. `isOurs`: this process began it. `outcome`: null while it runs. */
export type RequestRow = { input: string; isOurs: boolean; outcome: string | null }

/** A call in the audit log. See migrations/control/08-audit.sql. */
export type AuditRow = {
  atMs: number
  caller: string
  face: 'rest' | 'mcp' | 'page' | 'rule'
  client: string | null
  operation: string
  account: string | null
  chat: Jid | null
  decision: Decision
  outcome: string
}
/** `before`: only rows older than the one with this id. Times are Unix milliseconds; `untilMs` is exclusive. */
export type AuditFilter = {
  [Name in keyof Omit<AuditRow, 'atMs' | 'face' | 'client'>]?: string | undefined
} & {
  before?: number | undefined
  sinceMs?: number | undefined
  untilMs?: number | undefined
  limit: number
}

/** The key of a caller. Of its secret, only the hash is known. Times are Unix milliseconds. */
export type KeyRow = {
  id: string
  name: string
  /** SHA-256 of the secret, in hexadecimal. */
  hash: string
  /** The secret before the last rotation, while it is still valid. */
  old: { hash: string; untilMs: number } | null
  scopes: Scope[]
  /** The accounts that it may use; null: all. */
  accounts: string[] | null
  /** Those of `accounts` that it may not use until they are given again: they were logged out, or linked to another number. */
  suspended: string[]
  /** The toolsets that it may use; null: those of the settings. */
  toolsets: Toolset[] | null
  /** The chats that it sees; null: all. */
  chats: Sight | null
  /** To whom it may send without the owner's approval; null: as the settings say. */
  sends: Sends | null
  createdAtMs: number
  /** Null: never. */
  expiresAtMs: number | null
  usedAtMs: number | null
}

/** A receiver of events. See migrations/control/07-webhooks.sql. Times are Unix milliseconds. */
export type WebhookRow = {
  id: string
  account: AccountId
  url: string
  /** Base64, without its prefix. */
  secret: string
  /** The secret before the last rotation, while deliveries are signed with both. */
  old: { secret: string; untilMs: number } | null
  filter: WebhookFilter
  paused: PauseReason | null
  /** Cursor: everything up to here is delivered, except what its lanes hold. */
  place: string
  /** When events were found to be deleted before they were delivered; null if never. */
  lostAtMs: number | null
  createdAtMs: number
}

/** The position of a rule in the event log. See migrations/control/13-rules.sql. `place`: as of a webhook. */
export type RuleRow = { id: string; place: string; paused: PauseReason | null; stamp: string | null }

/** A chat in which a delivery fails: later events of the chat wait in the event log. */
export type LaneRow = {
  webhook: string
  /** Its JID; empty for events without a chat. */
  chat: string
  /** Cursor of the newest event of the chat that was attempted. */
  event: string
  /** Its delivery; null once it is settled. */
  head: Failing | null
  /** The later events of the chat that are being attempted. */
  sending: readonly Sending[]
}
/** A delivery that is under way. `message`: id of the message of the event. `body`: that of the first attempt. */
export type Sending = { event: string; message: string | null; body: string }
/** The position of a webhook in the event log, and what it sends from there on. */
export type Begun = { place: string; sending: readonly Sending[] }
/** A delivery that failed and is tried again. */
export type Failing = {
  kind: EventKind
  /** Id of the message of the event. */
  message: string | null
  body: string
  nextAtMs: number
} & Attempts
/** What is known of the attempts. */
export type Attempts = { attempts: number; firstAtMs: number; status: number | null; error: string }
/** A delivery that is not tried again. */
export type DeadRow = {
  webhook: string
  event: string
  chat: string
  kind: EventKind
  diedAtMs: number
} & Attempts
