/** Message keys, `WAWebMsgKey`, in the two families of builds: own `_serialized`, and own `$1` without it. */
import type { BuildFacts } from '../wire.ts'
import { createWid, type Wid } from './wid.ts'

/** The parts of a key: by direction, or by its remote side. */
export type KeyParts =
  | { from: Wid; to: Wid; id: string; participant?: Wid | undefined; selfDir?: 'in' | 'out' }
  | {
      fromMe: boolean
      remote: Wid
      id: string
      participant?: Wid | undefined
      self?: 'in' | 'out' | undefined
    }

type Fields = {
  fromMe: boolean
  remote: Wid
  id: string
  participant: Wid | undefined
  self: 'in' | 'out' | undefined
}

/** A key of either family. */
export type MsgKey = {
  readonly fromMe: boolean
  readonly remote: Wid
  readonly id: string
  readonly participant?: Wid
  readonly self?: 'in' | 'out'
  toString(): string
  clone(): MsgKey
  equals(other: unknown): boolean
}

export type MsgKeyClass = {
  new (parts: KeyParts): MsgKey
  fromString(text: unknown): MsgKey
  newId(): Promise<string>
}

/** True if this wid is the account's own, by phone number or by LID. Set once the account is known. */
let isMe: (wid: Wid) => boolean = () => false

/** Sets the account's own wids: they decide the direction of a key. */
export function setOwner(test: (wid: Wid) => boolean): void {
  isMe = test
}

function toFields(parts: KeyParts): Fields {
  if (parts === null || parts === undefined) throw new Error('MsgKey error: obj is null/undefined')
  if ('remote' in parts) {
    const { fromMe, remote, id, participant, self } = parts
    return { fromMe, remote, id, participant, self }
  }
  const { from, to, id, participant, selfDir } = parts
  if (!from || !to) throw new Error('MsgKey error: from and to are needed')
  if (!id) throw new Error('MsgKey error: id is needed')
  const fromMe = isMe(from) || (participant !== undefined && isMe(participant))
  const toMyself = isMe(from) && isMe(to)
  return {
    fromMe,
    remote: fromMe && !from.isGroup() ? to : from,
    id,
    participant,
    self: toMyself ? (selfDir ?? 'out') : undefined,
  }
}

/**
 * `fromMe_remote_id[_participant][_out]`: keys to oneself end in their direction (wwebjs#201857, PR #201896).
 */
function toText({ fromMe, remote, id, participant, self }: Fields): string {
  return [String(fromMe), String(remote), id, participant && String(participant), self]
    .filter(Boolean)
    .join('_')
}

function parse(text: unknown): KeyParts {
  if (typeof text !== 'string') throw new Error('MsgKey error: obj is null/undefined')
  const [fromMe, remote, id, third, fourth] = text.split('_')
  if ((fromMe !== 'true' && fromMe !== 'false') || !remote || !id) {
    throw new Error(`MsgKey error: cannot parse ${text}`)
  }
  const last = fourth ?? third
  const self = last === 'in' || last === 'out' ? last : undefined
  const participant = third !== undefined && third !== self ? createWid(third) : undefined
  return { fromMe: fromMe === 'true', remote: createWid(remote), id, participant, self }
}

/** Id of a message written on WhatsApp Web: `3EB0` and 18 hex digits. */
async function newId(): Promise<string> {
  const bytes = crypto.getRandomValues(new Uint8Array(9))
  return `3EB0${[...bytes]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()}`
}

/** The class that keeps the text of a key in this field of its own. */
function keyClass(field: '_serialized' | '$1'): MsgKeyClass {
  return class Key implements MsgKey {
    declare readonly fromMe: boolean
    declare readonly remote: Wid
    declare readonly id: string
    declare readonly participant?: Wid
    declare readonly self?: 'in' | 'out'
    declare _serialized?: string
    declare $1?: string

    constructor(parts: KeyParts) {
      const fields = toFields(parts)
      this.fromMe = fields.fromMe
      this.remote = fields.remote
      this.id = fields.id
      if (fields.participant) this.participant = fields.participant
      if (fields.self) this.self = fields.self
      this[field] = toText(fields)
    }

    toString(): string {
      return String(this[field])
    }

    clone(): MsgKey {
      return new Key(this)
    }

    equals(other: unknown): boolean {
      return other instanceof Key && String(other) === String(this)
    }

    static fromString(text: unknown): MsgKey {
      return new Key(parse(text))
    }

    static newId(): Promise<string> {
      return newId()
    }
  }
}

const CLASSES = {
  /** Up to 2.3000.1042386815: the constructor assigns `this._serialized`. */
  _serialized: keyClass('_serialized'),
  /** From 2.3000.1042401057 on: the minifier's `this.$1`; `_serialized` is gone (wa-js#3484, OpenWA#757). */
  $1: keyClass('$1'),
}

/** The class that this build calls `WAWebMsgKey`. */
export function msgKeyClassOf(build: BuildFacts): MsgKeyClass {
  return CLASSES[build.msgKeyField]
}
