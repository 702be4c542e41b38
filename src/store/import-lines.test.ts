import { expect, it } from 'vitest'
import { linesOf } from './import-lines.ts'

const MIB = 1024 * 1024

it('stops reading a line without an end', async () => {
  let pulled = 0
  async function* endless() {
    for (; pulled < 100; pulled += 1) yield Buffer.alloc(MIB, 'x')
  }
  await expect(linesOf(endless()).next()).rejects.toMatchObject({ code: 'not_an_export' })
  expect(pulled).toBeLessThan(70)
})

it('breaks lines at line feeds only, also within a chunk and over several', async () => {
  const text = 'one\u2028still\n\ntwo'
  async function* bytewise() {
    for (const byte of Buffer.from(text)) yield Buffer.from([byte])
  }
  async function* whole() {
    yield Buffer.from(text)
  }
  for (const chunks of [bytewise(), whole()]) {
    const lines: string[] = []
    for await (const line of linesOf(chunks)) lines.push(line)
    expect(lines).toEqual(['one\u2028still', '', 'two'])
  }
})
