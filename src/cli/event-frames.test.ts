/** Frames of server-sent events, in chunks that end anywhere. */
import { expect, it } from 'vitest'
import { framesOf } from './event-frames.ts'

const TEXT =
  'retry: 1000\nid: a\n\nid: b\nevent: message.received\ndata: {"é": ": x"}\n\n:\n\n:\nid: c\n\nevent: error\ndata: {}\n\nid: cut'

it.each([1, 2, 7, 1_000])('are read from chunks of %i bytes, also those without data', async (size) => {
  const bytes = Buffer.from(TEXT)
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  const found = []
  for await (const frame of framesOf(chunks())) found.push(frame)
  expect(found).toEqual([
    { id: 'a', kind: '', data: '' },
    { id: 'b', kind: 'message.received', data: '{"é": ": x"}' },
    { id: '', kind: '', data: '' },
    { id: 'c', kind: '', data: '' },
    { id: '', kind: 'error', data: '{}' },
  ])
})
