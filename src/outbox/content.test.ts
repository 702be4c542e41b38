/** What the owner reads before a decision. */
import { expect, it } from 'vitest'
import { previewOf } from './content.ts'

it('shows everything that a card has', () => {
  const numbers = [{ number: '+1 555 000 1101' }]
  const cards = [
    { name: 'Amara Okafor', numbers, organization: 'Okafor & Sons' },
    { name: 'Jürgen Weiß', numbers },
  ]
  expect(previewOf({ kind: 'contacts', cards })).toBe(
    'Contact: Amara Okafor, Okafor & Sons, +1 555 000 1101\nContact: Jürgen Weiß, +1 555 000 1101',
  )
})

it('says that a poll takes several choices', () => {
  const poll = { kind: 'poll', question: 'When?', options: ['Mon', 'Tue'] } as const
  expect(previewOf({ ...poll, multiple: true })).toBe('Poll (several choices): When?\n- Mon\n- Tue')
  expect(previewOf({ ...poll, multiple: false })).toBe('Poll: When?\n- Mon\n- Tue')
})
