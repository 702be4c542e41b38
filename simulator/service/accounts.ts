/** The service's data about each account: people, groups, chats, messages, linked devices. */
import type { WorldChannel, WorldContact, WorldLabel, WorldMessage } from '../world-types.ts'
import type { History } from './histories.ts'
import { type MessageLog, openMessageLog } from './message-log.ts'
import type { Picture } from './pictures.ts'
import type { Store, StoredMap } from './store.ts'

export type AccountInfo = {
  phone: string
  lid: string
  pushname: string
  platform: string
  about?: string
}

export type Group = {
  id: string
  subject: string
  owner: string
  creation: number
  announce: boolean
  lidMode: boolean
  /** Phone numbers, without the account. */
  members: string[]
  /** Phone numbers, the account's may be among them. If omitted: only the owner. */
  admins?: string[]
  /** True if the account is not (or no longer) a member. */
  left?: boolean
  /** Phone numbers of members that left by themselves, lately. */
  leftLately?: string[]
  description?: string
  /** Changes with the description. */
  descriptionId?: string
  restrict?: boolean
  adminsAdd?: boolean
  approves?: boolean
  /** The code of its invite. */
  invite?: string
  requests?: { phone: string; t: number }[]
  /** The account asked to join. */
  asked?: boolean
  /** An admin removed the account: no invite lets it in. */
  removed?: boolean
}

/** A chat as stored by the account's phone; its messages are in {@link Account.messages}. */
export type Chat = {
  id: string
  t: number
  unreadCount: number
  archived: boolean
  pinned: number
  muteExpiration: number
  /** Lifetime of new messages in seconds, and since when it applies. */
  ephemeralDuration?: number
  ephemeralSettingTimestamp?: number
  labels?: string[]
}

export type Device = {
  id: string
  /** Number of the companion, from 1 on. */
  index: number
  linkedAt: string
  localSecret: string
  databaseSecret: string
  /** The dialog "What's new" waits in its page. Without "Continue" until then, it is removed. Unix seconds. */
  news?: { blocks: boolean; until: number }
}

/** A linked device that the phone removed; stored so that its page can be informed, and how. */
export type RemovedDevice = { id: string; navigate: boolean }

/** Contacts by phone number, and also by LID. */
export type Contacts = StoredMap<WorldContact> & { byLid(lid: string): WorldContact | undefined }

export type Account = {
  info: AccountInfo
  contacts: Contacts
  groups: StoredMap<Group>
  chats: StoredMap<Chat>
  messages: MessageLog
  channels: StoredMap<WorldChannel>
  labels: StoredMap<WorldLabel>
  /** By phone number, or id of a group. */
  pictures: StoredMap<Picture>
  devices: StoredMap<Device>
  removed: StoredMap<RemovedDevice>
}

export type Accounts = {
  /** The account whose phone is in use. */
  current(): Account
  all(): Account[]
  /** Switches to another account's phone; `make` creates its data if it is new. */
  use(phone: string, make: () => AccountInfo): { account: Account; isNew: boolean }
  /** Changes the name or the about text of an account. */
  change(account: Account, changes: Partial<Omit<AccountInfo, 'phone' | 'lid'>>): void
  /** How often this memory was opened before; keeps seeded ids of two runs apart. */
  readonly generation: number
}

/** Accounts stored in `store`. `first` creates the account that a new world starts with. */
export function openAccounts(store: Store, first: () => AccountInfo): { accounts: Accounts; isNew: boolean } {
  const meta = store.map<string>('meta')
  const infos = store.map<AccountInfo>('accounts')
  const opened = new Map<string, Account>()
  const open = (info: AccountInfo): Account => {
    const found = opened.get(info.phone)
    if (found) return found
    const devices = store.map<Device>(`${info.phone}/devices`)
    const account: Account = {
      info,
      contacts: withLids(store.map(`${info.phone}/contacts`)),
      groups: store.map(`${info.phone}/groups`),
      channels: store.map(`${info.phone}/channels`),
      labels: store.map(`${info.phone}/labels`),
      pictures: store.map(`${info.phone}/pictures`),
      chats: store.map(`${info.phone}/chats`),
      messages: openMessageLog({
        me: info.phone,
        devices,
        kept: store.map<WorldMessage>(`${info.phone}/messages`),
        histories: store.map<History>(`${info.phone}/histories`),
        gone: store.map<string>(`${info.phone}/gone`),
      }),
      devices,
      removed: store.map(`${info.phone}/removed`),
    }
    opened.set(info.phone, account)
    return account
  }
  const use = (phone: string, make: () => AccountInfo): { account: Account; isNew: boolean } => {
    const known = infos.get(phone)
    const info = known ?? make()
    if (!known) infos.set(phone, info)
    meta.set('current', phone)
    return { account: open(info), isNew: !known }
  }
  for (const info of infos.values()) open(info)

  const generation = Number(meta.get('generation') ?? '0')
  meta.set('generation', String(generation + 1))
  const isNew = infos.size === 0
  const start = isNew ? first() : undefined
  if (start) use(start.phone, () => start)

  return {
    isNew,
    accounts: {
      generation,
      use,
      change({ info }, changes) {
        Object.assign(info, changes)
        infos.set(info.phone, info)
      },
      all: () => [...opened.values()],
      current() {
        const account = opened.get(meta.get('current') ?? '')
        if (!account) throw new Error('simulator: no current account')
        return account
      },
    },
  }
}

function withLids(contacts: StoredMap<WorldContact>): Contacts {
  const phones = new Map(contacts.values().map(({ lid, phone }) => [lid, phone]))
  return {
    ...contacts,
    get size() {
      return contacts.size
    },
    set(phone, contact) {
      contacts.set(phone, contact)
      phones.set(contact.lid, phone)
    },
    setAll(entries) {
      const all = [...entries]
      contacts.setAll(all)
      for (const [phone, { lid }] of all) phones.set(lid, phone)
    },
    byLid: (lid) => contacts.get(phones.get(lid) ?? ''),
  }
}
