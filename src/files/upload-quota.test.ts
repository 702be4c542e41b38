import { describe, expect, it } from 'vitest'
import { createUploadQuota } from './upload-quota.ts'

const MIB = 2 ** 20
const clock = { now: () => 1_000_000 }
const stored = [
  { caller: 'a', sizeBytes: 2 * MIB, expiresAtMs: 1_090_000 },
  { caller: 'a', sizeBytes: MIB, expiresAtMs: 1_030_500 },
  { caller: 'b', sizeBytes: 4 * MIB, expiresAtMs: 1_010_000 },
]
const full = (retryAfterS: number) => expect.objectContaining({ code: 'uploads_full', retryAfterS })
const open = () => createUploadQuota(4 * MIB, () => stored, clock)

describe('the files of one caller', () => {
  it('fit up to the quota, and say when there is room again', () => {
    expect(() => open().begin('a', MIB)).not.toThrow()
    expect(() => open().begin('a', MIB + 1)).toThrow(full(31))
    expect(() => open().begin('b', 1)).toThrow(full(10))
    expect(() => open().begin('c', 4 * MIB)).not.toThrow()
  })

  it('count while they arrive, also several at once', () => {
    const quota = open()
    const [first, second] = [quota.begin('a', 0), quota.begin('a', 0)]
    first.add(MIB / 2)
    second.add(MIB / 2)
    expect(() => second.add(1)).toThrow(full(31))
    quota.begin('c', 0).add(4 * MIB)
    second.end()
    expect(() => first.add(MIB / 2)).not.toThrow()
  })

  it('count as something, however small they are', () => {
    const quota = open()
    for (let file = 0; file < 16; file += 1) quota.begin('a', 1)
    expect(() => quota.begin('a', 1)).toThrow(full(31))
  })

  it('one that can never fit says so at once', () => {
    expect(() => open().begin('c', 4 * MIB + 1)).toThrow(full(1))
  })
})
