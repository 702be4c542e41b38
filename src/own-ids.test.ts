import { expect, it } from 'vitest'
import { newBareId } from './model/ids.ts'
import { createOwnIds } from './own-ids.ts'

const ids = createOwnIds('the secret of this server')

it('makes ids of the form of WhatsApp Web, each once', () => {
  const made = Array.from({ length: 1_000 }, ids.create)
  for (const id of made) expect(id).toMatch(/^3EB0[0-9A-F]{18}$/)
  expect(new Set(made).size).toBe(made.length)
})

it('recognises its own ids, also after a restart, and no others', () => {
  const id = ids.create()
  expect(ids.isOurs(id)).toBe(true)
  expect(createOwnIds('the secret of this server').isOurs(id)).toBe(true)
  expect(createOwnIds('another server').isOurs(id)).toBe(false)
  const others = [newBareId(), id.toLowerCase(), `${id}0`, id.slice(0, -1), '3A0B1C', '', 'A'.repeat(32)]
  for (const other of others) expect([other, ids.isOurs(other)]).toEqual([other, false])
})
