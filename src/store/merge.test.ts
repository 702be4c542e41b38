/** Two rows that are one person. */
import { describe, expect, it } from 'vitest'
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

describe('of two copies of a message', () => {
  const DELETED = { type: 'revoked', body: '', revoked_at_ms: 9_000 }
  const EDITED = { body: 'at seven', edited_at_ms: 8_000 }
  const PLACEHOLDER = { type: 'ciphertext', body: '' }
  const PLAIN = { type: 'chat', body: 'at six' }

  /** A group message of one person, by number and by LID, after the two turned out to be one. */
  function joined(byPhone: object, byLid: object, how: 'in a group' | 'in direct chats' = 'in a group') {
    const archive = openTestArchive()
    const { store } = archive
    const { messages, mergePeople } = store
    const phone = archive.person({ phone: '15550000001@c.us' })
    const lid = archive.person({ lid: '42@lid' })
    const group = archive.chat('group', { jid: '12036@g.us' })
    const ids = [phone, lid].map((person) => {
      const chat = how === 'in a group' ? group : archive.chat('direct', { person })
      return archive.message(chat, { id: 'TWICE', from: person, ...(person === phone ? { ago: 1 } : {}) })
    })
    const [one = 0, other = 0] = ids
    for (const [id, facts] of [
      [one, byPhone],
      [other, byLid],
    ] as const) {
      const row = messages.get(id)
      if (row) messages.update({ ...row, ...PLAIN, ...facts })
    }
    const merge = () => {
      const met = mergePeople(phone, lid)
      const rows = messages.everywhere('TWICE')
      return { met, rows, kinds: store.events.after(0, 100).map(({ kind }) => kind) }
    }
    return { ...store, phone, lid, group, one, other, merge }
  }

  describe.each(['in a group', 'in direct chats'] as const)('%s', (how) => {
    it.each([
      ['a deleted one', DELETED, PLAIN, DELETED],
      ['a deleted one', PLAIN, DELETED, DELETED],
      ['a deleted one', EDITED, DELETED, DELETED],
      ['the later edit', EDITED, PLAIN, EDITED],
      ['the later edit', { body: 'at five', edited_at_ms: 7_000 }, EDITED, EDITED],
      ['the one that can be read', PLACEHOLDER, PLAIN, PLAIN],
      ['the one that can be read', EDITED, PLACEHOLDER, EDITED],
    ])('%s stays (%#)', (_, byPhone, byLid, expected) => {
      const { merge, lid } = joined(byPhone, byLid, how)
      const { rows } = merge()
      expect(rows).toHaveLength(1)
      expect(rows[0]).toMatchObject({ ...expected, sender: lid })
    })
  })

  it.each([
    ['revoked', DELETED],
    ['edited', EDITED],
  ])('the earlier text of a %s one is kept, with its event', (what, newer) => {
    for (const [byPhone, byLid] of [
      [newer, PLAIN],
      [PLAIN, newer],
    ] as const) {
      const { merge, changes } = joined(byPhone, byLid)
      const { rows, kinds } = merge()
      expect(changes.revision(rows[0]?.id ?? 0, 1)).toMatchObject({ what, body: 'at six' })
      expect(kinds).toContain(`message.${what}`)
    }
  })

  it('what is known already is neither kept nor reported twice', () => {
    const { merge, changes, one, other } = joined(DELETED, DELETED)
    for (const id of [one, other]) changes.addRevision(id, { what: 'revoked', ...PLAIN, untilMs: 9_000 })
    const { rows, kinds } = merge()
    expect(changes.textsBefore(rows[0]?.id ?? 0)).toEqual(['at six'])
    expect(kinds).not.toContain('message.revoked')
  })

  it('the one that stays has the ack, the reactions, the votes and the end of both', () => {
    const details = JSON.stringify({ expires_at: 2_000_000_000 })
    const { merge, changes, group, one, other, lid } = joined(
      { ack: 3, details },
      { ...DELETED, details: null },
    )
    changes.setReaction({ message: one, sender: 0, emoji: '👍', at_ms: 2_000 })
    changes.setReaction({ message: other, sender: 0, emoji: '🎉', at_ms: 1_000 })
    changes.setVote({ message: one, voter: lid, choice: '["Fri"]', at_ms: 1_000 })
    const { met, rows } = merge()
    expect(rows).toMatchObject([{ ack: 3, details, type: 'revoked' }])
    expect(changes.reactions(other)).toMatchObject([{ sender: 0, emoji: '👍' }])
    expect(changes.votes(other)).toMatchObject([{ voter: lid, choice: '["Fri"]' }])
    expect(met).toEqual([group])
  })
})
