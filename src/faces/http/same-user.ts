/**
 * Which user of this computer is calling: on Linux the kernel's own table of TCP sockets tells, for loopback peers.
 * Source: Documentation/networking/proc_net_tcp.rst; states in include/net/tcp_states.h.
 */
import { readFileSync } from 'node:fs'
import { isIPv4, type Socket } from 'node:net'
import { endianness } from 'node:os'

/**
 * Socket states in which a row still names its owner: ESTABLISHED, FIN_WAIT1, CLOSE_WAIT. In the others the socket
 * has left its process, and the row says uid 0 with inode 0 whoever it was.
 */
const LIVE_STATES = new Set(['01', '04', '08'])

/** One end of a connection. */
export type End = { address: string; port: number }

/**
 * Is this connection's other end a process of our own user, or of root? Ask once, when the connection is new.
 * Always true on systems without the table, where file permissions and the loopback are all there is.
 */
export function isOurUser(socket: Socket): boolean {
  const uid = process.getuid?.()
  if (process.platform !== 'linux' || uid === undefined) return true
  const { remoteAddress, remotePort, localAddress, localPort } = socket
  if (!remoteAddress || !remotePort || !localAddress || !localPort) return false
  const owner = findOwner(readTables(), {
    client: { address: remoteAddress, port: remotePort },
    server: { address: localAddress, port: localPort },
  })
  return owner === uid || owner === 0
}

/**
 * The uid that owns the client's end of a connection, or null where no live row names one.
 * @param tables the text of /proc/net/tcp and tcp6, one after the other
 */
export function findOwner(tables: string, { client, server }: { client: End; server: End }): number | null {
  const local = toHex(client)
  const remote = toHex(server)
  for (const line of tables.split('\n')) {
    const [, from, to, state, , , , uid, , inode] = line.trim().split(/\s+/)
    if (from === undefined || to === undefined || !local.includes(from) || !remote.includes(to)) continue
    return LIVE_STATES.has(state ?? '') && inode !== '0' ? Number(uid) : null
  }
  return null
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
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, '')
  const forms = isIPv4(bare)
    ? [[...bare.split('.').map(Number)], [...Array(10).fill(0), 255, 255, ...bare.split('.').map(Number)]]
    : [toBytes(bare)]
  return forms.map((bytes) => `${toWords(bytes)}:${hexPort}`)
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
