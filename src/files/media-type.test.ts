/** Media types by the first bytes of a file. */
import { expect, it } from 'vitest'
import { sniffType } from './media-type.ts'

it.each([
  ['heic', 'image/heic'],
  ['heix', 'image/heic'],
  ['hevc', 'image/heic'],
  ['mif1', 'image/heif'],
  ['msf1', 'image/heif'],
  ['avif', 'image/avif'],
  ['avis', 'image/avif'],
  ['isom', 'video/mp4'],
])('ftyp%s is %s', (brand, type) => {
  expect(sniffType(Buffer.from(`\0\0\0\x18ftyp${brand}\0\0\0\0`, 'latin1'))).toBe(type)
})
