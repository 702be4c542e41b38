/**
 * Finds the user of the other end of a loopback connection, from the kernel's table of TCP sockets on Linux.
 * Source: Documentation/networking/proc_net_tcp.rst; states in include/net/tcp_states.h.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { isIPv4, type Socket } from 'node:net'
import { endianness } from 'node:os'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { isLoopback } from './loopback.ts'

/**
 * Socket states in which a row names its owner: ESTABLISHED, FIN_WAIT1, CLOSE_WAIT. In the other states the socket has
 * left its process, and the row has uid 0 and inode 0 for every owner.
 */
const LIVE_STATES = new Set(['01', '04', '08'])
const LISTEN = '0A'

/** One end of a connection. */
export type End = { address: string; port: number }

/**
 * Resolves with true if the other end of this connection is a process of our user or of root. Call it once, when the
 * connection is new. Always true on systems without the table, which only have file permissions and the loopback. Never
 * rejects.
 */
export async function isOurUser(socket: Socket): Promise<boolean> {
  if (!hasTables) return true
  const { remoteAddress, remotePort, localAddress, localPort } = socket
  if (!remoteAddress || !remotePort || !localAddress || !localPort) return false
  const ownerOf = await readOwnersFromNow()
  const owner = ownerOf({
    client: { address: remoteAddress, port: remotePort },
    server: { address: localAddress, port: localPort },
  })
  return isOurs(owner)
}

/**
 * Returns the owner of the listener at this URL: `ours` (our user or root), `foreign`, or `nobody` if no process listens.
 * For `localhost` it checks both addresses, because a client may use either. Also `ours` for another computer and on
 * systems without the table, where the owner is unknown.
 */
export function listenerAt(url: string): 'ours' | 'foreign' | 'nobody' {
  const { hostname, port: given, protocol } = new URL(url)
  if (!hasTables || !isLoopback(hostname)) return 'ours'
  const address = hostname.replace(/^\[|\]$/g, '')
  const port = Number(given || (protocol === 'https:' ? 443 : 80))
  const tables = readTables()
  const addresses = address === 'localhost' ? ['127.0.0.1', '::1'] : [address]
  const owners = addresses.flatMap((one) => findListeners(tables, { address: one, port }))
  if (owners.length === 0) return 'nobody'
  return owners.every(isOurs) ? 'ours' : 'foreign'
}

const hasTables = process.platform === 'linux' && process.getuid !== undefined

function isOurs(uid: number | null): boolean {
  return uid === 0 || (uid !== null && uid === process.getuid?.())
}

/**
 * Returns the uids of the sockets that a connection to this address would reach: those bound to the address, else those
 * bound to all addresses. `tables` as of {@link indexOwners}.
 */
export function findListeners(tables: string, { address, port }: End): number[] {
  const bare = unmapped(address)
  const everywhere = (isIPv4(bare) ? ['0.0.0.0', '::'] : ['::']).map((any) => toHex({ address: any, port }))
  const owners = (places: string[]) =>
    tables.split('\n').flatMap((line) => {
      const { local, state, uid, inode } = toRow(line)
      return state === LISTEN && inode !== '0' && places.includes(local) ? [uid] : []
    })
  const own = owners(toHex({ address, port }))
  return own.length > 0 ? own : owners(everywhere.flat())
}

/** Two ends of a connection. */
export type Ends = { client: End; server: End }

/**
 * Returns a function that finds the uid of the client's end of a connection; null if no live row names it.
 * @param tables the text of /proc/net/tcp and tcp6, one after the other
 */
export function indexOwners(tables: string): (ends: Ends) => number | null {
  // The table of a busy computer has thousands of rows. They are only split here, and parsed when needed.
  const rows = new Map<string, string>()
  for (const line of tables.split('\n')) {
    const start = line.indexOf(': ') + 2
    const key = line.slice(start, line.indexOf(' ', line.indexOf(' ', start) + 1))
    if (!rows.has(key)) rows.set(key, line)
  }
  return ({ client, server }) => {
    const to = toHex(server)
    for (const [form, from] of toHex(client).entries()) {
      const line = rows.get(`${from} ${to[form]}`)
      if (line === undefined) continue
      const { state, uid, inode } = toRow(line)
      return LIVE_STATES.has(state) && inode !== '0' ? uid : null
    }
    return null
  }
}

/** Parses a line of the tables. The heading line matches no connection. */
function toRow(line: string): { local: string; remote: string; state: string; uid: number; inode: string } {
  const [, local = '', remote = '', state = '', , , , uid = '', , inode = '0'] = line.trim().split(/\s+/)
  return { local, remote, state, uid: Number(uid), inode }
}

const PAGE_BYTES = 4_096
/** Time that a table is read before other work gets its turn. */
const SLICE_MS = 2

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6']

/** Shared by simultaneous connections, because each reading takes milliseconds, or tens of them with thousands of rows. */
const readOwnersFromNow = shareReads(async () =>
  indexOwners((await Promise.all(TABLES.map(readTable))).join('\n')),
)

/**
 * Runs one reading at a time, and shares it between all calls before its start. A call during a reading gets the next one,
 * so a result is never older than its call.
 */
export function shareReads<T>(read: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | null = null
  let next: Promise<T> | null = null
  const begin = () => {
    next = null
    const one = read().finally(() => {
      if (current === one) current = null
    })
    current = one
    return one
  }
  return () => {
    if (next !== null) return next
    if (current === null) return begin()
    next = current.then(begin, begin)
    return next
  }
}

/**
 * Reads a table in slices of a few milliseconds, and lets other work run in between. Does not use asynchronous reads: the
 * kernel returns one page at a time, which would take hundreds of turns of the event loop. Empty if there is no table.
 */
async function readTable(path: string): Promise<string> {
  await nextTurn()
  let file: number | null = null
  try {
    file = openSync(path, 'r')
    const page = Buffer.alloc(PAGE_BYTES)
    const pages: string[] = []
    let until = performance.now() + SLICE_MS
    for (let size = readSync(file, page); size > 0; size = readSync(file, page)) {
      pages.push(page.toString('latin1', 0, size))
      if (performance.now() < until) continue
      // Gives other work the same time: a turn of the event loop accepts only one connection (libuv 1.45).
      await pause(SLICE_MS)
      until = performance.now() + SLICE_MS
    }
    return pages.join('')
  } catch {
    return ''
  } finally {
    if (file !== null) closeSync(file)
  }
}

function readTables(): string {
  return TABLES.map((path) => {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return ''
    }
  }).join('\n')
}

/** Returns the forms in which the kernel may print this end: IPv4, IPv6, or IPv4 mapped into IPv6. */
function toHex({ address, port }: End): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  const bare = unmapped(address)
  const forms = isIPv4(bare)
    ? [[...bare.split('.').map(Number)], [...Array(10).fill(0), 255, 255, ...bare.split('.').map(Number)]]
    : [toBytes(bare)]
  return forms.map((bytes) => `${toWords(bytes)}:${hexPort}`)
}

/** Returns the IPv4 address of an IPv4-mapped IPv6 address; other addresses unchanged. */
function unmapped(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

/** Returns the 16 bytes of an IPv6 address. */
function toBytes(address: string): number[] {
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? []
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const all = [...left, ...Array(8 - left.length - right.length).fill(0), ...right]
  return all.flatMap((group) => [group >> 8, group & 255])
}

/** Formats bytes as the kernel does: words of four bytes in this machine's byte order. */
function toWords(bytes: number[]): string {
  const hex = bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
  const words = Array.from({ length: hex.length / 4 }, (_, i) => hex.slice(i * 4, i * 4 + 4))
  return words.map((word) => (endianness() === 'LE' ? word.reverse() : word).join('')).join('')
}
