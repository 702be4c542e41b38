import { describe, expect, it } from 'vitest'
import { findOwner } from './same-user.ts'

const server = { address: '127.0.0.1', port: 8790 }
const client = { address: '127.0.0.1', port: 40000 }
/** As the kernel prints it on a little-endian machine; 8790 is 2256, 40000 is 9C40. */
const row = (from: string, to: string, state: string, uid: number, inode: number) =>
  `   1: ${from} ${to} ${state} 00000000:00000000 00:00000000 00000000 ${uid}        0 ${inode} 1 0 20 0 0 10 -1`
const HEADER =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
const V4 = ['0100007F:9C40', '0100007F:2256'] as const
const MAPPED = ['0000000000000000FFFF00000100007F:9C40', '0000000000000000FFFF00000100007F:2256'] as const
const V6 = ['00000000000000000000000001000000:9C40', '00000000000000000000000001000000:2256'] as const

describe('findOwner', () => {
  it('reads the row of the client, not of the server', () => {
    const tables = [HEADER, row(V4[1], V4[0], '01', 0, 5), row(...V4, '01', 1000, 6)].join('\n')
    expect(findOwner(tables, { client, server })).toBe(1000)
  })

  it('reads IPv4 in IPv6, and IPv6', () => {
    expect(findOwner(row(...MAPPED, '01', 1001, 7), { client, server })).toBe(1001)
    const six = { client: { address: '::1', port: 40000 }, server: { address: '::1', port: 8790 } }
    expect(findOwner(row(...V6, '01', 1002, 8), six)).toBe(1002)
  })

  it.each(['04', '08'])('takes the half-closed state %s', (state) => {
    expect(findOwner(row(...V4, state, 1000, 9), { client, server })).toBe(1000)
  })

  it.each(['05', '06', '07', '09', '0A', '0B'])('trusts no row in state %s', (state) => {
    expect(findOwner(row(...V4, state, 0, 9), { client, server })).toBeNull()
  })

  it('does not take uid 0 with inode 0 for root', () => {
    expect(findOwner(row(...V4, '04', 0, 0), { client, server })).toBeNull()
  })

  it('knows nobody without a row', () => {
    expect(findOwner(HEADER, { client, server })).toBeNull()
  })
})
