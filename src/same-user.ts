/**
 * Which user of this computer is calling, or is called: on Linux the kernel's own table of TCP sockets tells, for loopback peers.
 * Source: Documentation/networking/proc_net_tcp.rst; states in include/net/tcp_states.h.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { isIPv4, type Socket } from 'node:net'
import { endianness } from 'node:os'
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import { isLoopback } from './loopback.ts'

/**
 * Socket states in which a row still names its owner: ESTABLISHED, FIN_WAIT1, CLOSE_WAIT. In the others the socket
 * has left its process, and the row says uid 0 with inode 0 whoever it was.
 */
const LIVE_STATES = new Set(['01', '04', '08'])
const LISTEN = '0A'

/** One end of a connection. */
export type End = { address: string; port: number }

/**
 * Is this connection's other end a process of our own user, or of root? Ask once, when the connection is new.
 * Always true on systems without the table, where file permissions and the loopback are all there is. Never fails.
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
 * Who listens where this URL leads on this computer: our own user or root, somebody else, or nobody (any more). `localhost` is
 * each of its addresses, of which either may be called. `ours` too where it leads to another computer, and on systems
 * without the table: there it cannot be told.
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
 * The uids that own the sockets which a connection to this address would reach: those bound to it, else those bound to every
 * address. `tables` as below.
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
 * Tells the uid that owns the client's end of a connection, or null where no live row names one.
 * @param tables the text of /proc/net/tcp and tcp6, one after the other
 */
export function indexOwners(tables: string): (ends: Ends) => number | null {
  // A table of a busy computer has thousands of rows: each is only cut here, and read where it is asked for.
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

/** A line of the tables; that of the heading is one of nobody. */
function toRow(line: string): { local: string; remote: string; state: string; uid: number; inode: string } {
  const [, local = '', remote = '', state = '', , , , uid = '', , inode = '0'] = line.trim().split(/\s+/)
  return { local, remote, state, uid: Number(uid), inode }
}

const PAGE_BYTES = 4_096
/** So long a table is read before others get their turn. */
const SLICE_MS = 2

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6']

/** Shared by the connections that come together: each reading takes milliseconds, and with thousands of rows tens of them. */
const readOwnersFromNow = shareReads(async () =>
  indexOwners((await Promise.all(TABLES.map(readTable))).join('\n')),
)

/**
 * One reading at a time, each for all who asked before it began: whoever asks while one is under way gets the next, and
 * never what was read before they asked.
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
 * A few milliseconds at a time, between which others are served. Not by asynchronous reads: the kernel gives a page at a
 * time, so that hundreds of turns of a busy event loop would go by. Empty where there is none.
 */
async function readTable(path: string): Promise<string> {
  await turn()
  let file: number | null = null
  try {
    file = openSync(path, 'r')
    const page = Buffer.alloc(PAGE_BYTES)
    const pages: string[] = []
    let until = performance.now() + SLICE_MS
    for (let size = readSync(file, page); size > 0; size = readSync(file, page)) {
      pages.push(page.toString('latin1', 0, size))
      if (performance.now() < until) continue
      // As much time for others: a turn of the event loop accepts only one connection (libuv 1.45).
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

/** How the kernel may print this end: as IPv4, as IPv6, or as IPv4 mapped into IPv6. */
function toHex({ address, port }: End): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  const bare = unmapped(address)
  const forms = isIPv4(bare)
    ? [[...bare.split('.').map(Number)], [...Array(10).fill(0), 255, 255, ...bare.split('.').map(Number)]]
    : [toBytes(bare)]
  return forms.map((bytes) => `${toWords(bytes)}:${hexPort}`)
}

/** IPv4 as itself, where it came in an IPv6 address. */
function unmapped(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

/** The 16 bytes of an IPv6 address. */
function toBytes(address: string): number[] {
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? []
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const all = [...left, ...Array(8 - left.length - right.length).fill(0), ...right]
  return all.flatMap((group) => [group >> 8, group & 255])
}

/** Four bytes at a time as the kernel prints a word of this machine's byte order. */
function toWords(bytes: number[]): string {
  const hex = bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
  const words = Array.from({ length: hex.length / 4 }, (_, i) => hex.slice(i * 4, i * 4 + 4))
  return words.map((word) => (endianness() === 'LE' ? word.reverse() : word).join('')).join('')
}
