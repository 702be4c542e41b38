/** Forms as clients write them, in pieces of every size. */
import { expect, it } from 'vitest'
import { boundaryOf, readParts } from './multipart.ts'

const B = 'a-boundary'
const FORM = [
  'words before the first delimiter',
  `\r\n--${B}\r\nContent-Disposition: form-data; name="caption"\r\n\r\nzwei\r\nZeilen: Grüße`,
  `\r\n--${B}  \r\ncontent-type: image/jpeg\r\nCONTENT-DISPOSITION: form-data; name=file; filename="a \\"b\\" %22c%22 Über.jpg"\r\n\r\n`,
  `\r\n--${B.slice(1)}\r\n--a-bound\0\xff--${B}\r\n`,
  `\r\n--${B}\r\nContent-Disposition: form-data; name="empty"; filename=""\r\n\r\n`,
  `\r\n--${B}--\r\nwords after it`,
]
const bytes = Buffer.from(FORM.join(''))

async function* inPieces(whole: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size)
}

async function read(whole: Buffer, size = 7) {
  const found: object[] = []
  for await (const { pieces, ...part } of readParts(inPieces(whole, size), B)) {
    const taken: Buffer[] = []
    for await (const piece of pieces) taken.push(piece)
    found.push({ ...part, text: Buffer.concat(taken).toString() })
  }
  return found
}

it.each([1, 2, 3, 5, 11, 12, 13, 64, 10_000])('is read in pieces of %i bytes', async (size) => {
  expect(await read(bytes, size)).toEqual([
    { name: 'caption', filename: null, type: undefined, text: 'zwei\r\nZeilen: Grüße' },
    { name: 'file', filename: 'a "b" "c" Über.jpg', type: 'image/jpeg', text: FORM[3] },
    { name: 'empty', filename: '', type: undefined, text: '' },
  ])
})

it('begins with its first delimiter, and may be empty', async () => {
  expect(await read(Buffer.from(`--${B}--`))).toEqual([])
})

it.each<[string, string]>([
  ['nothing', ''],
  ['no delimiter', 'a text that is no form'],
  ['an end in the middle of a part', bytes.toString().slice(0, -30)],
  ['an end in the middle of a delimiter', `--${B}`],
  ['a part without headers', `--${B}\r\n\r\nx\r\n--${B}--`],
  ['a part without a name', `--${B}\r\nContent-Disposition: form-data\r\n\r\nx\r\n--${B}--`],
  ['headers without an end', `--${B}\r\n${'a: b\r\n'.repeat(5_000)}`],
  ['words without an end', 'x'.repeat(50_000)],
  ['too many parts', `--${B}\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n`.repeat(40)],
])('%s is malformed', async (_, text) => {
  await expect(read(Buffer.from(text), 1_000)).rejects.toMatchObject({ code: 'malformed_request' })
})

it('holds no more than a piece of a large file', async () => {
  const piece = Buffer.alloc(64 * 1024, 'x')
  async function* endless() {
    yield Buffer.from(`--${B}\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n`)
    for (;;) yield piece
  }
  const { value } = await readParts(endless(), B).next()
  let largest = 0
  let total = 0
  for await (const one of value?.pieces ?? []) {
    largest = Math.max(largest, one.length)
    total += one.length
    if (total > 64 * 2 ** 20) break
  }
  expect(largest).toBeLessThan(65_600)
})

it.each([
  ['multipart/form-data; boundary=abc', 'abc'],
  ['multipart/form-data; charset=utf-8; Boundary="a b"', 'a b'],
  ['multipart/form-data', null],
  ['multipart/form-data; boundary=', null],
  [`multipart/form-data; boundary=${'x'.repeat(71)}`, 'x'.repeat(70)],
])('%s', (type, boundary) => {
  expect(boundaryOf(type)).toBe(boundary)
})
