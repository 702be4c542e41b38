/** What a text export has of a message beside its text. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import { createExporter } from './exporter.ts'
import type { MessageDetails } from './message-row.ts'
import { openTestArchive, type TestArchive } from './test-archive.ts'

let archive: TestArchive
beforeEach(() => {
  archive = openTestArchive()
})
afterEach(() => archive.close())

/** Longer than a summary, with a mark that turns the direction of writing. */
const long = (what: string, mark = '\u202e') => `${'word '.repeat(80)}${mark}to the end of ${what}`
const shown = (what: string) => long(what, '\\u202e')

it('has each part of a message to its last word, on lines that no message has', () => {
  const amara = archive.person({ phone: '15551110000@c.us', name: 'Amara' })
  const chat = archive.chat('direct', { person: amara })
  const write = (type: string, details: MessageDetails, body = '') =>
    archive.message(chat, { from: amara, type, body, details })
  write('ptt', { media: { duration_s: 3 }, transcript: long('the voice note') })
  write('document', { media: { filename: 'a.pdf' }, text: `page 1\n${long('the file')}` }, 'a caption')
  const options = [{ name: long('Friday') }, { name: 'Saturday' }, { name: 'Sunday' }]
  const poll = write('poll_creation', { poll: { question: 'When?', multiple: true, options } }, 'When?')
  for (const [voter, choice] of [
    [0, '["Saturday"]'],
    [amara, '["Saturday","Sunday"]'],
  ] as const)
    archive.store.changes.setVote({ message: poll, voter, choice, at_ms: 1 })
  write('event_creation', { event: { name: 'Party', description: long('the plan') } })
  const contacts = Array.from({ length: 30 }, (_, n) => ({ name: `Person ${n}`, phone_numbers: [`+1 ${n}`] }))
  write('multi_vcard', {
    contacts: [...contacts, { name: 'Zoë', phone_numbers: [], organization: 'Bakery' }],
  })
  const [latitude, longitude] = [48.2, 16.3]
  write('location', { location: { latitude, longitude, name: 'Café', address: 'Vienna' } })
  write('location', { location: { latitude, longitude, name: long('the place'), address: 'Vienna' } })
  write('event_creation', {
    event: { name: long('the name'), starts_at: '2023-11-14T22:13:20Z', place: 'Home' },
  })
  const text = [...createExporter(archive.store.db, createTestClock()).export(null, 'text').pieces].join('')
  expect(text.split('\n').filter((line) => line.startsWith('    '))).toEqual([
    `    transcript: ${shown('the voice note')}`,
    '    text of the file: page 1',
    `      ${shown('the file')}`,
    `    option: ${shown('Friday')} (0 votes)`,
    '    option: Saturday (2 votes)',
    '    option: Sunday (1 vote)',
    `    description: ${shown('the plan')}`,
    ...contacts.map(({ name, phone_numbers }) => `    contact: ${name}, ${phone_numbers[0]}`),
    '    contact: Zoë, Bakery',
    `    place: ${shown('the place')}`,
    '    address: Vienna',
    '    coordinates: 48.2, 16.3',
    `    event: ${shown('the name')}`,
    expect.stringMatching(/^ {4}begins: 2023-11-1\d \d\d:\d\d:20 [+-]\d\d:\d\d$/),
    '    place: Home',
  ])
})
