import { expect, it } from 'vitest'
import type { Content } from './content.ts'
import { summaryOf } from './summary.ts'

const say = (type: string, content: Content = {}, body = '', people: string[] = []) =>
  summaryOf({ type, body, content, people })

it.each<[string, Content, string]>([
  [
    'location',
    { location: { latitude: 48.2104, longitude: 16.3655, name: 'Café Central' } },
    'Location: Café Central (48.2104, 16.3655)',
  ],
  ['location', { location: { latitude: -1, longitude: 2 } }, 'Location: (-1, 2)'],
  ['ptt', { media: { duration_s: 12 } }, 'Voice note, 0:12'],
  ['audio', { media: { duration_s: 3_725 } }, 'Audio, 1:02:05'],
  ['document', { media: { filename: 'plan\n.pdf' } }, 'Document, plan .pdf'],
  ['image', { media: {}, view_once: true }, 'Photo to view once'],
  ['album', { album: { photos: 1, videos: 2 } }, 'Album, 1 photo, 2 videos'],
  [
    'multi_vcard',
    {
      contacts: [
        { name: 'Zoë', phone_numbers: [] },
        { name: 'Bo', phone_numbers: ['1'] },
      ],
    },
    'Contacts: Zoë, Bo (1)',
  ],
  [
    'event_creation',
    { event: { name: 'Party', starts_at: '2023-11-14T22:13:20Z', cancelled: true } },
    'Event: Party at 2023-11-14T22:13:20Z (cancelled)',
  ],
  [
    'call_log',
    { call: { video: true, outcome: 'connected', duration_s: 65 } },
    'Call, video, connected, 1:05',
  ],
  ['order', { order: { title: 'Two coffees', total: 7.5, currency: 'EUR' } }, 'Order: Two coffees 7.50 EUR'],
  ['payment', { payment: { amount: 12, currency: 'BRL', note: 'lunch' } }, 'Payment: 12.00 BRL lunch'],
  ['groups_v4_invite', { invite: { name: 'Hike' } }, 'Invitation to a group: Hike'],
  ['e2e_notification', { notice: { action: 'encrypt' } }, 'Encryption notice'],
  ['hologram', {}, 'Message of the unknown kind "hologram"'],
  ['hasOwnProperty', {}, 'Message of the unknown kind "hasOwnProperty"'],
])('%s: %j', (type, content, line) => {
  expect(say(type, content)).toBe(line)
})

it('names the people that a notice is about', () => {
  expect(say('gp2', { notice: { action: 'add' } }, '', ['Ming', 'Zoë'])).toBe('Notice: added Ming, Zoë')
  expect(say('gp2', { notice: { action: 'subject', text: 'Hike' } })).toBe('Notice: new name Hike')
  expect(say('gp2', { notice: { action: 'some_new_thing' } })).toBe('Notice: some new thing')
})

it('is left out where the text says all, and for deleted messages', () => {
  expect([
    say('chat', {}, 'hi'),
    say('chat'),
    say('image', { media: {} }, 'caption'),
    say('revoked'),
  ]).toEqual([null, null, null, null])
  const poll = { question: 'When?', multiple: false, options: [{ name: 'Mon' }, { name: 'Tue' }] }
  expect(say('poll_creation', { poll }, 'When?')).toBe('Poll: When? (Mon, Tue)')
})

it('is bounded, and cuts no character', () => {
  const line = say('document', { media: { filename: '😀'.repeat(500) } }) ?? ''
  expect(line.length).toBeLessThanOrEqual(300)
  expect(line).toMatch(/😀…$/)
  expect(line).not.toMatch(/\p{Cs}/u)
})
