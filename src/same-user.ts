/**
 * Which user of this computer is calling, or is called: on Linux the kernel's own table of TCP sockets tells, for loopback peers.
 * Source: Documentation/networking/proc_net_tcp.rst; states in include/net/tcp_states.h.
 */
import { readFileSync } from 'node:fs'
import { isIPv4, type Socket } from 'node:net'
import { endianness } from 'node:os'
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
 * Always true on systems without the table, where file permissions and the loopback are all there is.
 */
export function isOurUser(socket: Socket): boolean {
  if (!hasTables) return true
  const { remoteAddress, remotePort, localAddress, localPort } = socket
  if (!remoteAddress || !remotePort || !localAddress || !localPort) return false
  const owner = findOwner(readTables(), {
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

/**
 * The uid that owns the client's end of a connection, or null where no live row names one.
 * @param tables the text of /proc/net/tcp and tcp6, one after the other
 */
export function findOwner(tables: string, { client, server }: { client: End; server: End }): number | null {
  const from = toHex(client)
  const to = toHex(server)
  for (const line of tables.split('\n')) {
    const { local, remote, state, uid, inode } = toRow(line)
    if (!from.includes(local) || !to.includes(remote)) continue
    return LIVE_STATES.has(state) && inode !== '0' ? uid : null
  }
  return null
}

/** A line of the tables; that of the heading is one of nobody. */
function toRow(line: string): { local: string; remote: string; state: string; uid: number; inode: string } {
  const [, local = '', remote = '', state = '', , , , uid = '', , inode = '0'] = line.trim().split(/\s+/)
  return { local, remote, state, uid: Number(uid), inode }
}

function readTables(): string {
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .map((path) => {
      try {
        return readFileSync(path, 'utf8')
      } catch {
        return ''
      }
    })
    .join('\n')
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
