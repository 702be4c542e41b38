import { describe, expect, it } from 'vitest'
import { ERRORS } from '../../errors.ts'
import { OPERATIONS } from '../../operations/index.ts'
import { createWording, toolName } from './words.ts'

describe('to a client whose key only sends', () => {
  const isOffered = ({ scope }: { scope: string }) => scope === 'send'
  const denied = OPERATIONS.filter((one) => !isOffered(one))
  const words = createWording(OPERATIONS.filter(isOffered), 'default', denied)

  it('a next step names tools, and the scope that it lacks for them', () => {
    expect(words(ERRORS.chat_not_found.hint)).toMatch(
      /^whatsapp_list_chats with query \(requires the scope `read`\) finds chats .* \(requires the scope `read`\) finds people/,
    )
    expect(words('PUT /api/messages/{message_id}/reaction does it.')).toBe('whatsapp_react does it.')
  })

  it.each(Object.entries(ERRORS))('%s names no route of a tool', (_, { hint }) => {
    const routes = OPERATIONS.flatMap((one) => (toolName(one) === null ? [] : one.routes))
    const named = [...words(hint).matchAll(/\b[A-Z]+ \/api\/[\w/{}-]*/g)].map(([route]) => route)
    expect(named.filter((route) => routes.some((one) => one === route))).toEqual([])
  })

  it('sentences that refer to a tool that it does not have are removed', () => {
    expect(words('Sends it. For chats, use {{list_chats}}.')).toBe('Sends it.')
  })
})
