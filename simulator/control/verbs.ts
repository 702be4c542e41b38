/** The table of the control API: every verb of `World`, its JSON arguments, and the method it calls. */

import type { NewContent, World } from '../simulator.ts'

/** The arguments of a request are not valid for the verb. `message` is a sentence that names the field. */
export class WrongArgument extends Error {
  override name = 'WrongArgument'
}

/** Reads one field. Throws {@link WrongArgument} if the value has another type. */
type Field<T> = { kind: string; isOptional: boolean; read: (value: unknown, name: string) => T }

function field<T>(kind: string, is: (value: unknown) => value is T): Field<T> {
  return {
    kind,
    isOptional: false,
    read(value, name) {
      if (is(value)) return value
      throw new WrongArgument(
        value === undefined ? `${name} is missing: ${kind}.` : `${name} must be ${kind}.`,
      )
    },
  }
}

function optional<T>(inner: Field<T>): Field<T | undefined> {
  return {
    kind: `${inner.kind}, optional`,
    isOptional: true,
    read: (value, name) => (value === undefined ? undefined : inner.read(value, name)),
  }
}

const text = field('a string', (value) => typeof value === 'string')
const flag = field('true or false', (value) => typeof value === 'boolean')
const unixSeconds = field('a number (Unix seconds)', (value) => typeof value === 'number')
const number = field('a number', (value) => typeof value === 'number')
const texts = field(
  'an array of strings',
  (value): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string'),
)
const textOrNull = field(
  'a string or null',
  (value): value is string | null => value === null || typeof value === 'string',
)
const numbersOrNull = field(
  'an array of numbers or null',
  (value): value is number[] | null =>
    value === null || (Array.isArray(value) && value.every((item) => typeof item === 'number')),
)
const content = field('an object with a type, see the table of contents', isContent)
const anything = field('any JSON', (value): value is unknown => value !== undefined)

/** The types of content, each with its required field and that field's type. */
const contentFields: Record<NewContent['type'], [name: string, kind: string] | null> = {
  chat: ['text', 'string'],
  image: null,
  video: null,
  ptt: null,
  audio: null,
  document: null,
  sticker: null,
  location: ['location', 'object'],
  vcard: ['vcards', 'object'],
  poll_creation: ['poll', 'object'],
  call_log: null,
  e2e_notification: null,
  raw: ['model', 'object'],
}

function isContent(value: unknown): value is NewContent {
  if (typeof value !== 'object' || value === null || !('type' in value)) return false
  const { type } = value
  if (typeof type !== 'string' || !Object.hasOwn(contentFields, type)) return false
  const needed = Object.entries(contentFields).find(([name]) => name === type)?.[1] ?? null
  return needed === null || typeof Reflect.get(value, needed[0]) === needed[1]
}

type Fields = Record<string, Field<unknown>>
type Input<F extends Fields> = { [K in keyof F]: ReturnType<F[K]['read']> }

/** One verb: `fields` by name, and `run`, which throws or rejects with a sentence if the world rejects the action. */
export type Verb = {
  fields: Record<string, string>
  run: (world: World, input: Record<string, unknown>) => unknown
}

function verb<F extends Fields>(fields: F, act: (world: World, input: Input<F>) => unknown): Verb {
  return {
    fields: Object.fromEntries(Object.entries(fields).map(([name, { kind }]) => [name, kind])),
    run: (world, input) => act(world, readInput(fields, input)),
  }
}

function readInput<F extends Fields>(fields: F, input: Record<string, unknown>): Input<F> {
  const known = Object.keys(fields)
  const stranger = Object.keys(input).find((name) => !known.includes(name))
  if (stranger !== undefined) {
    throw new WrongArgument(
      `The field ${stranger} does not exist. ${known.length ? `Use ${known.join(', ')}` : 'The verb takes no fields'}.`,
    )
  }
  const entries = Object.entries(fields).map(([name, { read }]) => [name, read(input[name], name)])
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

/** Every verb of `World` by its own name. The compiler requires a row for each method. */
export const verbs = {
  state: verb({}, (world) => world.state()),
  messages: verb({ chat: optional(text), limit: optional(number) }, (world, input) => world.messages(input)),
  scan: verb({ qr: optional(text) }, (world, input) => world.scan(input)),
  refuseScan: verb({}, (world) => world.refuseScan()),
  typePairingCode: verb({ code: text }, (world, input) => world.typePairingCode(input)),
  refusePairingCode: verb({}, (world) => world.refusePairingCode()),
  write: verb(
    { from: text, text, chat: optional(text), quote: optional(text), t: optional(unixSeconds) },
    (world, input) => world.write(input),
  ),
  writeFromPhone: verb({ chat: text, text, t: optional(unixSeconds) }, (world, input) =>
    world.writeFromPhone(input),
  ),
  read: verb({ by: text }, (world, input) => world.read(input)),
  addContact: verb(
    {
      phone: text,
      name: optional(textOrNull),
      pushname: optional(text),
      lidChat: optional(flag),
      phoneHidden: optional(flag),
    },
    (world, input) => world.addContact(input),
  ),
  addGroup: verb(
    {
      subject: text,
      members: texts,
      announce: optional(flag),
      lidMode: optional(flag),
      foreign: optional(flag),
    },
    (world, input) => world.addGroup(input),
  ),
  countMessages: verb({ chat: optional(text) }, (world, input) => world.countMessages(input)),
  countInPages: verb({}, (world) => world.countInPages()),
  chats: verb({}, (world) => world.chats()),
  writeContent: verb(
    { from: text, content, chat: optional(text), t: optional(unixSeconds), quote: optional(text) },
    (world, input) => world.writeContent(input),
  ),
  edit: verb({ id: text, text }, (world, input) => world.edit(input)),
  revoke: verb({ id: text, by: optional(text) }, (world, input) => world.revoke(input)),
  deleteForMe: verb({ ids: texts }, (world, input) => world.deleteForMe(input)),
  react: verb({ id: text, by: text, emoji: text }, (world, input) => world.react(input)),
  openMedia: verb({ id: text }, (world, input) => world.openMedia(input)),
  expireMedia: verb({ id: text, onPhone: optional(flag) }, (world, input) => world.expireMedia(input)),
  receive: verb({ id: text, by: text, ack: number }, (world, input) => world.receive(input)),
  star: verb({ id: text, starred: flag }, (world, input) => world.star(input)),
  pinMessage: verb({ id: text, by: text, seconds: number }, (world, input) => world.pinMessage(input)),
  vote: verb({ id: text, by: text, options: numbersOrNull }, (world, input) => world.vote(input)),
  keep: verb({ id: text, kept: flag }, (world, input) => world.keep(input)),
  archiveChat: verb({ chat: text, archived: flag }, (world, input) => world.archiveChat(input)),
  pinChat: verb({ chat: text, pinned: flag }, (world, input) => world.pinChat(input)),
  muteChat: verb({ chat: text, until: unixSeconds }, (world, input) => world.muteChat(input)),
  markUnread: verb({ chat: text }, (world, input) => world.markUnread(input)),
  readChat: verb({ chat: text }, (world, input) => world.readChat(input)),
  deleteChat: verb({ chat: text }, (world, input) => world.deleteChat(input)),
  openChat: verb({ chat: text }, (world, input) => world.openChat(input)),
  renameContact: verb({ phone: text, name: textOrNull }, (world, input) => world.renameContact(input)),
  setPushname: verb({ phone: text, pushname: text }, (world, input) => world.setPushname(input)),
  setContact: verb(
    {
      phone: text,
      blocked: optional(flag),
      business: optional(flag),
      invitesOnly: optional(flag),
      online: optional(flag),
      lastSeen: optional(unixSeconds),
    },
    (world, input) => world.setContact(input),
  ),
  setProfile: verb(
    { pushname: optional(text), about: optional(text), business: optional(flag) },
    (world, input) => world.setProfile(input),
  ),
  setPicture: verb(
    { of: text, data: optional(textOrNull), hidden: optional(flag), by: optional(text) },
    (world, input) => world.setPicture(input),
  ),
  pictureOf: verb({ of: text }, (world, input) => world.pictureOf(input)),
  renameGroup: verb({ group: text, subject: text, by: optional(text) }, (world, input) =>
    world.renameGroup(input),
  ),
  addMembers: verb({ group: text, members: texts, by: optional(text) }, (world, input) =>
    world.addMembers(input),
  ),
  removeMembers: verb({ group: text, members: texts, by: optional(text) }, (world, input) =>
    world.removeMembers(input),
  ),
  leaveGroup: verb({ group: text, member: text }, (world, input) => world.leaveGroup(input)),
  setAdmin: verb({ group: text, member: text, admin: flag, by: optional(text) }, (world, input) =>
    world.setAdmin(input),
  ),
  setAnnounce: verb({ group: text, announce: flag, by: optional(text) }, (world, input) =>
    world.setAnnounce(input),
  ),
  addLabel: verb({ name: text, color: optional(number) }, (world, input) => world.addLabel(input)),
  setLabels: verb({ chat: text, labels: texts }, (world, input) => world.setLabels(input)),
  addChannel: verb(
    {
      name: text,
      description: optional(text),
      own: optional(flag),
      admins: optional(texts),
      foreign: optional(flag),
    },
    (world, input) => world.addChannel(input),
  ),
  ring: verb({ from: text, video: optional(flag), group: optional(text) }, (world, input) =>
    world.ring(input),
  ),
  hangUp: verb({ id: text }, (world, input) => world.hangUp(input)),
  setGroup: verb(
    {
      group: text,
      by: optional(text),
      description: optional(text),
      restrict: optional(flag),
      adminsAdd: optional(flag),
      approves: optional(flag),
    },
    (world, input) => world.setGroup(input),
  ),
  inviteTo: verb({ group: text }, (world, input) => world.inviteTo(input)),
  askToJoin: verb({ group: text, person: text, by: optional(text) }, (world, input) =>
    world.askToJoin(input),
  ),
  letIn: verb({ group: text }, (world, input) => world.letIn(input)),
  writeInChannel: verb({ channel: text, content, t: optional(unixSeconds) }, (world, input) =>
    world.writeInChannel(input),
  ),
  writeFromElsewhere: verb({ from: text, content }, (world, input) => world.writeFromElsewhere(input)),
  writeStatus: verb({ from: text, content, t: optional(unixSeconds) }, (world, input) =>
    world.writeStatus(input),
  ),
  migrateChat: verb({ phone: text }, (world, input) => world.migrateChat(input)),
  moveNumber: verb({ phone: text, pushname: text }, (world, input) => world.moveNumber(input)),
  revealPhone: verb({ lid: text }, (world, input) => world.revealPhone(input)),
  setDisappearing: verb({ chat: text, seconds: number, by: optional(text) }, (world, input) =>
    world.setDisappearing(input),
  ),
  moveClock: verb({ seconds: number }, (world, input) => world.moveClock(input)),
  seedHistory: verb(
    {
      chats: number,
      messages: number,
      groups: optional(number),
      from: optional(unixSeconds),
      to: optional(unixSeconds),
      seed: optional(number),
    },
    (world, input) => world.seedHistory(input),
  ),
  unlink: verb({ deviceId: optional(text), navigate: optional(flag) }, (world, input) => world.unlink(input)),
  switchAccount: verb({ phone: text, pushname: optional(text) }, (world, input) =>
    world.switchAccount(input),
  ),
  introduceAccounts: verb({}, (world) => world.introduceAccounts()),
  setBuild: verb({ build: text }, (world, input) => world.setBuild(input)),
  setFault: verb({ name: text, value: anything }, (world, input) => world.setFault(input)),
  clearFaults: verb({}, (world) => world.clearFaults()),
} satisfies Record<keyof World, Verb>

/** Returns the verb with this name; null if there is none. `type_pairing_code` and `typePairingCode` are the same verb. */
export function findVerb(name: string): Verb | null {
  const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  const table: Record<string, Verb> = verbs
  return Object.hasOwn(table, camel) ? (table[camel] ?? null) : null
}
