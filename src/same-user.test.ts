import { describe, expect, it } from 'vitest'
import { findListeners, indexOwners, shareReads } from './same-user.ts'

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

describe('indexOwners', () => {
  it('reads the row of the client, not of the server', () => {
    const tables = [HEADER, row(V4[1], V4[0], '01', 0, 5), row(...V4, '01', 1000, 6)].join('\n')
    expect(indexOwners(tables)({ client, server })).toBe(1000)
  })

  it('reads IPv4 in IPv6, and IPv6', () => {
    expect(indexOwners(row(...MAPPED, '01', 1001, 7))({ client, server })).toBe(1001)
    const six = { client: { address: '::1', port: 40000 }, server: { address: '::1', port: 8790 } }
    expect(indexOwners(row(...V6, '01', 1002, 8))(six)).toBe(1002)
  })

  it.each(['04', '08'])('takes the half-closed state %s', (state) => {
    expect(indexOwners(row(...V4, state, 1000, 9))({ client, server })).toBe(1000)
  })

  it.each(['05', '06', '07', '09', '0A', '0B'])('trusts no row in state %s', (state) => {
    expect(indexOwners(row(...V4, state, 0, 9))({ client, server })).toBeNull()
  })

  it('does not take uid 0 with inode 0 for root', () => {
    expect(indexOwners(row(...V4, '04', 0, 0))({ client, server })).toBeNull()
  })

  it('finds no user without a row', () => {
    expect(indexOwners(HEADER)({ client, server })).toBeNull()
  })
})

describe('findListeners', () => {
  const nobody = '00000000:0000'
  const listens = (at: string, uid: number, { state = '0A', inode = 5 } = {}) =>
    row(at, nobody, state, uid, inode)
  const [, AT] = V4
  const EVERYWHERE = '00000000:2256'
  const EVERYWHERE_6 = '00000000000000000000000000000000:2256'

  it('reads the user of the listener at the address, IPv4 in IPv6 and IPv6 too', () => {
    const tables = [HEADER, listens(AT, 1000), listens('0100007F:2257', 1001), row(...V4, '01', 1002, 6)]
    expect(findListeners(tables.join('\n'), server)).toEqual([1000])
    expect(findListeners(listens(MAPPED[1], 1003), server)).toEqual([1003])
    expect(findListeners(listens(V6[1], 1004), { address: '::1', port: 8790 })).toEqual([1004])
    expect(findListeners(listens(V6[1], 1004), server)).toEqual([])
  })

  it('reads the user of the listener at all addresses if there is none at this one', () => {
    const both = [listens(EVERYWHERE, 1000), listens(EVERYWHERE_6, 1001)]
    expect(findListeners(both.join('\n'), server)).toEqual([1000, 1001])
    expect(findListeners([...both, listens(AT, 1002)].join('\n'), server)).toEqual([1002])
    expect(findListeners(both.join('\n'), { address: '::1', port: 8790 })).toEqual([1001])
  })

  it('returns all users who share it, and none for a socket without a process', () => {
    expect(findListeners([listens(AT, 0), listens(AT, 1000)].join('\n'), server)).toEqual([0, 1000])
    expect(findListeners(listens(AT, 0, { inode: 0 }), server)).toEqual([])
    expect(findListeners(listens(AT, 0, { state: '01' }), server)).toEqual([])
  })
})

describe('shareReads', () => {
  it('never answers with what was read before it was asked, and reads once for all who wait', async () => {
    const open: ((value: number) => void)[] = []
    let begun = 0
    const ask = shareReads(() => {
      begun += 1
      return new Promise<number>((resolve) => open.push(resolve))
    })
    const first = ask()
    const [second, third] = [ask(), ask()]
    expect(begun).toBe(1)
    open[0]?.(1)
    expect(await first).toBe(1)
    await expect.poll(() => begun).toBe(2)
    const fourth = ask()
    open[1]?.(2)
    expect(await Promise.all([second, third])).toEqual([2, 2])
    await expect.poll(() => begun).toBe(3)
    open[2]?.(3)
    expect(await fourth).toBe(3)
    void ask()
    expect(begun).toBe(4)
  })

  it('reads again after a failure', async () => {
    let begun = 0
    const ask = shareReads(async () => {
      begun += 1
      if (begun === 1) throw new Error('no')
      return 'read'
    })
    const [first, second] = [ask(), ask()]
    await expect(first).rejects.toThrow('no')
    expect(await second).toBe('read')
  })
})
