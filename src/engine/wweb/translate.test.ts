import { describe, expect, it } from 'vitest'
import { toJid } from '../../model/ids.ts'
import { createAddresses } from './addresses.ts'
import type { LibraryMessage } from './linked-client.ts'
import { toMessage, toSocketMeaning } from './translate.ts'

const addresses = createAddresses()
addresses.learn(toJid('900@lid'), toJid('15551234567@c.us'))

const incoming: LibraryMessage = {
  id: { _serialized: 'false_900@lid_3EB0', fromMe: false },
  ack: 1,
  body: 'hello',
  type: 'chat',
  timestamp: 1_700_000_000,
  from: '900@lid',
  to: '15550001000@c.us',
  hasMedia: false,
}

describe('toMessage', () => {
  it('gives the documented shape, people by phone number', () => {
    expect(toMessage(incoming, addresses)).toEqual({
      id: 'false_15551234567@c.us_3EB0',
      from: '15551234567@c.us',
      to: '15550001000@c.us',
      author: null,
      from_me: false,
      type: 'chat',
      body: 'hello',
      timestamp: 1_700_000_000,
      has_media: false,
    })
  })

  it('names the author in groups only', () => {
    const inGroup = { ...incoming, from: '1-2@g.us', author: '900@lid' }
    expect(toMessage(inGroup, addresses)?.author).toBe('15551234567@c.us')
    expect(toMessage({ ...incoming, author: '900@lid' }, addresses)?.author).toBeNull()
    const mine = {
      ...inGroup,
      id: { _serialized: 'true_1-2@g.us_3EB0_900@lid', fromMe: true },
      from: '900@lid',
      to: '1-2@g.us',
    }
    expect(toMessage(mine, addresses)).toMatchObject({
      author: '15551234567@c.us',
      from_me: true,
      to: '1-2@g.us',
    })
  })

  it('knows a message whose key it cannot read', () => {
    expect(toMessage({ ...incoming, id: { fromMe: false } }, addresses)).toBeNull()
  })
})

describe('toSocketMeaning', () => {
  it.each([
    ['CONNECTED', 'connected'],
    ['UNPAIRED', 'unpaired'],
    ['UNPAIRED_IDLE', 'idle'],
    ['PAIRING', 'pairing'],
    ['CONFLICT', 'conflict'],
    ['TOS_BLOCK', 'blocked'],
    ['SMB_TOS_BLOCK', 'blocked'],
    ['PROXYBLOCK', 'blocked'],
    ['DEPRECATED_VERSION', 'blocked'],
    ['OPENING', 'connecting'],
    ['TIMEOUT', 'connecting'],
    ['UNLAUNCHED', 'connecting'],
    ['SOMETHING_NEW', 'connecting'],
  ])('%s is %s', (state, meaning) => {
    expect(toSocketMeaning(state)).toBe(meaning)
  })
})
