/** WhatsApp ids: `WAWebWid` and the rules that convert strings to them. */

const userServers = new Set(['c.us', 'lid', 'bot', 'hosted', 'hosted.lid'])
const knownServers = new Set([...userServers, 'g.us', 'broadcast', 'newsletter', 'call'])

/**
 * An id. Its own fields match the real one's, since they are transferred to Node field by field; `toJSON`
 * returns the string, which is why ids are strings in events (JSON) and objects in call results (wa-js:
 * src/whatsapp/misc/Wid.ts).
 */
export class Wid {
  readonly server: string
  readonly user: string
  readonly device?: number
  readonly _serialized: string

  constructor(user: string, server: string, device?: number) {
    this.server = server
    this.user = user
    if (device !== undefined && device !== 0) this.device = device
    this._serialized = `${user}${this.device === undefined ? '' : `:${this.device}`}@${server}`
  }

  toString(): string {
    return this._serialized
  }

  toJSON(): string {
    return this._serialized
  }

  /** As on the wire: phones are `@s.whatsapp.net` there. */
  toJid(): string {
    return this.server === 'c.us' ? this._serialized.replace('@c.us', '@s.whatsapp.net') : this._serialized
  }

  equals(other: unknown): boolean {
    return other instanceof Wid && other._serialized === this._serialized
  }

  isUser(): boolean {
    return userServers.has(this.server)
  }

  isLid(): boolean {
    return this.server === 'lid' || this.server === 'hosted.lid'
  }

  isGroup(): boolean {
    return this.server === 'g.us'
  }

  isBroadcast(): boolean {
    return this.server === 'broadcast'
  }

  isStatus(): boolean {
    return this._serialized === 'status@broadcast'
  }

  isStatusV3(): boolean {
    return this.isStatus()
  }

  isNewsletter(): boolean {
    return this.server === 'newsletter'
  }

  isBot(): boolean {
    return this.server === 'bot'
  }

  isServer(): boolean {
    return this._serialized === 'server@c.us'
  }

  isPSA(): boolean {
    return this._serialized === '0@c.us'
  }

  isUserNotPSA(): boolean {
    return this.isUser() && !this.isPSA()
  }

  isCompanion(): boolean {
    return this.device !== undefined
  }

  getDeviceId(): number {
    return this.device ?? 0
  }

  isSameAccount(other: Wid): boolean {
    return this.user === other.user && this.server === other.server
  }
}

/**
 * Creates the wid of `<user>[:<device>]@<server>`. Throws `wid error: invalid wid`, as the real one does,
 * otherwise.
 */
export function createWid(id: unknown): Wid {
  if (id instanceof Wid) return id
  if (typeof id !== 'string') throw new Error('wid error: invalid wid')
  const match = /^([^@:\s]+)(?::(\d+))?@([a-z.]+)$/.exec(id.replace(/@s\.whatsapp\.net$/, '@c.us'))
  const [, user, device, server] = match ?? []
  if (!user || !server || !knownServers.has(server)) throw new Error('wid error: invalid wid')
  if ((server === 'c.us' || server === 'lid') && !/^(\d{1,20}|server)$/.test(user)) {
    throw new Error('wid error: invalid wid')
  }
  return new Wid(user, server, device === undefined ? undefined : Number(device))
}

/** Creates a wid from a string, a Wid, or an object that was a Wid before it was transferred from Node. */
export function createWidFromWidLike(like: unknown): Wid {
  if (typeof like === 'object' && like !== null && '_serialized' in like) return createWid(like._serialized)
  return createWid(like)
}

/** The user without the device part. Throws if the id is not a user's. */
export function asUserWidOrThrow(wid: unknown): Wid {
  const whole = createWidFromWidLike(wid)
  if (!whole.isUser()) throw new Error('wid error: not a user wid')
  return new Wid(whole.user, whole.server)
}
