import { describe, expect, it } from 'vitest'
import { chatList, daysPerChat } from './keeping.ts'

describe('the chats of a rule', () => {
  it.each<[string, object[]]>([
    ['', []],
    ['status, CHANNELS,,', [{ kind: 'status' }, { kind: 'channel' }]],
    ['+1 (555) 123-4567', [{ jid: '15551234567@c.us' }]],
    ['+١ ٥٥٥ ١٢٣ ٤٥٦٧', [{ jid: '15551234567@c.us' }]],
    ['15551234567@s.whatsapp.net', [{ jid: '15551234567@c.us' }]],
    ['99001@lid,120363000000000001@g.us', [{ jid: '99001@lid' }, { jid: '120363000000000001@g.us' }]],
  ])('%j', (text, selectors) => {
    expect(chatList.parse(text)).toEqual(selectors)
  })

  it.each(['everything', '123', '@bot', '15551234567@example.com', 'status channels', 'constructor'])(
    '%j is none',
    (text) => {
      expect(chatList.safeParse(text).error?.issues[0]?.message).toContain('separated by commas')
    },
  )
})

describe('days per chat', () => {
  it('are parsed', () => {
    expect(daysPerChat.parse('120363000000000001@g.us=7, groups = 30,status=0')).toEqual([
      { chats: { jid: '120363000000000001@g.us' }, days: 7 },
      { chats: { kind: 'group' }, days: 30 },
      { chats: { kind: 'status' }, days: 0 },
    ])
  })

  it.each(['groups', 'groups=', 'groups=x', 'groups=-1', '=7', 'groups=99999', 'nobody=7'])(
    '%j are not',
    (text) => {
      expect(daysPerChat.safeParse(text).error?.issues[0]?.message).toContain('a number of days')
    },
  )
})
