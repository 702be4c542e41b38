import { describe, expect, it } from 'vitest'
import {
  chatKindOf,
  isGroup,
  type Jid,
  keyAliases,
  parseMessageKey,
  phoneNumberInput,
  phoneOf,
  spelledAs,
  toJid,
  toKeyText,
} from './ids.ts'

describe('phoneNumberInput', () => {
  it.each([
    ['+1 (555) 123-4567', '15551234567'],
    ['15551234567', '15551234567'],
    [15551234567, '15551234567'],
    ['00 49 30 1234567', '0049301234567'],
    ['+٤٩ ٣٠ ١٢٣٤٥٦٧', '49301234567'],
    ['＋４９ ３０ １２３４５６７', '49301234567'],
    ['\u202a+४९ ३० १२३४५६७\u202c', '49301234567'],
    ['𝟒𝟗𝟑𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕', '49301234567'],
  ])('takes %s', (given, digits) => {
    expect(phoneNumberInput.parse(given)).toBe(digits)
  })

  it.each(['', '1234567', '1234567890123456', 'abc', 1.5, -15551234567, null, true, ['15551234567']])(
    'refuses %s',
    (given) => {
      expect(phoneNumberInput.safeParse(given).success).toBe(false)
    },
  )
})

describe('JIDs', () => {
  it('are converted to the documented form', () => {
    expect(toJid('15551234567@s.whatsapp.net')).toBe('15551234567@c.us')
    expect(toJid('15551234567:12@c.us')).toBe('15551234567@c.us')
    expect(toJid('123@lid')).toBe('123@lid')
  })

  it('have a kind', () => {
    expect(phoneOf(toJid('15551234567@c.us'))).toBe('15551234567')
    expect(phoneOf(toJid('123@lid'))).toBeNull()
    expect(isGroup(toJid('123-456@g.us'))).toBe(true)
  })
})

it.each<[jid: string, other?: string]>([
  ['5511987654321@c.us', '551187654321@c.us'],
  ['551187654321@c.us', '5511987654321@c.us'],
  ['5215512345678@c.us', '525512345678@c.us'],
  ['525512345678@c.us', '5215512345678@c.us'],
  // A landline of Brazil, another country, a LID and a group.
  ['551133334444@c.us'],
  ['15551234567@c.us'],
  ['551187654321@lid'],
  ['120363041234567890@g.us'],
])('%s is a number that WhatsApp may have as %s', (jid, other) => {
  expect(spelledAs(toJid(jid))).toEqual([jid, ...(other === undefined ? [] : [other])])
})

describe('message keys', () => {
  const both = (jid: Jid) => (isGroup(jid) ? [jid] : [jid, toJid(jid.replace('c.us', 'lid'))])

  it('to oneself have an end that is no person, in both directions', () => {
    for (const key of ['true_1@c.us_3EB0_out', 'false_1@c.us_3EB0_in'])
      expect(parseMessageKey(key)).toMatchObject({ chat: '1@c.us', bareId: '3EB0', participant: null })
  })

  it('may have a server of any name', () => {
    expect(chatKindOf(toJid('12345@msgr2'))).toBe('other')
    for (const key of ['true_1@msgr2_3EB0', 'false_9@g.us_3EB0_1@a-b.2'])
      expect(toKeyText(parseMessageKey(key) ?? expect.fail(key))).toBe(key)
  })

  it.each([
    ['true_1@c.us_3EB0', ['true_1@c.us_3EB0', 'true_1@lid_3EB0']],
    ['false_9@g.us_3EB0_1@c.us', ['false_9@g.us_3EB0_1@c.us', 'false_9@g.us_3EB0_1@lid']],
    ['true_1@c.us_3EB0_out', ['true_1@c.us_3EB0_out', 'true_1@lid_3EB0_out']],
    ['false_1@c.us_3EB0_in', ['false_1@c.us_3EB0_in', 'false_1@lid_3EB0_in']],
    ['no key', ['no key']],
  ])('are written with every address: %s', (key, all) => {
    expect(keyAliases(key, both)).toEqual(all)
  })
})
