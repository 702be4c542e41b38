/** Media types by the first bytes of a file. */
import { expect, it } from 'vitest'
import { sniffType, typeByName } from './media-type.ts'

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

it.each([
  ['Report.DOCX', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['numbers.2026.csv', 'text/csv'],
  ['constructor.constructor', null],
  ['docx', null],
  ['photo.jpg', null],
])('a file that only says its name, %s, is %s', (name, type) => {
  expect(typeByName(name)).toBe(type)
})
