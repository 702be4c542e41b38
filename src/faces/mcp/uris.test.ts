import { describe, expect, it } from 'vitest'
import { chatUris, messageUris, readUri } from './uris.ts'

const KEYS = [
  'true_15551234567@c.us_3EB0C767D097B7C7C0',
  'false_120363000000000000@g.us_3EB0AA_15551234567@c.us',
  'false_4915-1600000000@g.us_3EB0AA_99001@lid',
  'true_15551234567@c.us_3EB0AA_out',
]

describe('URIs of resources', () => {
  it('are parsed in every form in which updates use them', () => {
    for (const id of ['15551234567@c.us', '99001@lid', '4915-1600000000@g.us', 'status@broadcast'])
      for (const uri of chatUris(id)) expect(readUri(uri)).toEqual({ kind: 'chat', id })
    for (const id of KEYS)
      for (const uri of messageUris(id)) expect(readUri(uri)).toEqual({ kind: 'message', id })
    expect(readUri('whatsapp://status')).toEqual({ kind: 'status' })
    expect(chatUris('1@c.us')).toEqual(['whatsapp://chats/1@c.us', 'whatsapp://chats/1%40c.us'])
  })

  it.each([
    'whatsapp://status/',
    'whatsapp://status?x',
    'whatsapp://chats/',
    'whatsapp://chats/15551234567',
    'whatsapp://chats/1@c.us#x',
    'whatsapp://chats/1%2540c.us',
    'whatsapp://chats/1@c.us%00',
    'whatsapp://chats/1@c.us%0a',
    'whatsapp://chats/1@c.us\n',
    'whatsapp://chats/%2e%2e%2f1@c.us',
    'whatsapp://chats/%ff@c.us',
    'whatsapp://people/1@c.us',
    'whatsapp://x@chats/1@c.us',
    `whatsapp://messages/${'1'.repeat(1_000)}@c.us`,
    'http://chats/1@c.us',
    '',
  ])('are none of ours: %j', (uri) => {
    expect(readUri(uri)).toBeNull()
  })
})
