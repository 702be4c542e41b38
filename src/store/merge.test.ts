/** Two rows that are one person. */
import { expect, it } from 'vitest'
import { openTestArchive } from './test-archive.ts'

it('of two votes and two reactions the newer one stays', () => {
  const archive = openTestArchive()
  const known = archive.person({ phone: '15550000001@c.us' })
  const present = archive.person({ lid: '42@lid' })
  const message = archive.message(archive.chat('group', { jid: '12036@g.us' }))
  const { changes, mergePeople } = archive.store
  changes.setVote({ message, voter: known, choice: '["Fri"]', at_ms: 3_000 })
  changes.setVote({ message, voter: present, choice: '["Sat"]', at_ms: 2_000 })
  changes.setReaction({ message, sender: known, emoji: '👍', at_ms: 1_000 })
  changes.setReaction({ message, sender: present, emoji: '🎉', at_ms: 2_000 })
  mergePeople(known, present)
  expect(changes.votes(message)).toEqual([{ message, voter: present, choice: '["Fri"]', at_ms: 3_000 }])
  expect(changes.reactions(message)).toMatchObject([{ sender: present, emoji: '🎉' }])
})
