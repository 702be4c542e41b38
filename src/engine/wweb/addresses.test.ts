import { describe, expect, it } from 'vitest'
import { toJid } from '../../model/ids.ts'
import { createAddresses } from './addresses.ts'

describe('createAddresses', () => {
  const addresses = createAddresses()
  addresses.learn(toJid('900@lid'), toJid('15551234567@c.us'))
  addresses.learn(toJid('15550000000@c.us'), toJid('15550000000@c.us'))
  addresses.learnOwn(toJid('990@lid'), toJid('15550000000@c.us'))

  it('shows people by phone number where it is known', () => {
    expect(addresses.toPhone('900@lid')).toBe('15551234567@c.us')
    expect(addresses.toPhone('901@lid')).toBe('901@lid')
    expect(addresses.toPhone('15550000000@s.whatsapp.net')).toBe('15550000000@c.us')
  })

  it('shows the LID of a person whose number is now somebody else’s', () => {
    const learned: string[][] = []
    const moved = createAddresses((lid, phone) => learned.push([lid, phone]))
    for (const lid of ['900@lid', '901@lid', '901@lid']) moved.learn(toJid(lid), toJid('15551234567@c.us'))
    expect(moved.toPhone('900@lid')).toBe('900@lid')
    expect(moved.toPhone('901@lid')).toBe('15551234567@c.us')
    expect(learned).toEqual([
      ['900@lid', '15551234567@c.us'],
      ['901@lid', '15551234567@c.us'],
    ])
  })

  it.each([
    ['true_900@lid_3EB0AA', 'true_15551234567@c.us_3EB0AA'],
    ['false_123-456@g.us_3EB0AA_900@lid', 'false_123-456@g.us_3EB0AA_15551234567@c.us'],
    ['true_123-456@g.us_3EB0AA_990@lid', 'true_123-456@g.us_3EB0AA_15550000000@c.us'],
    ['true_15550000000@c.us_3EB0AA_out', 'true_15550000000@c.us_3EB0AA_out'],
    ['false_901@lid_AC00', 'false_901@lid_AC00'],
  ])('renders %s as %s', (given, rendered) => {
    expect(addresses.toKey(given)).toBe(rendered)
  })
})
