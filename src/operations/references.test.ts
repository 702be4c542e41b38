import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { OPERATIONS } from './index.ts'
import { referencesIn, withNames } from './references.ts'

const NAMES: Record<string, string> = { list_chats: 'whatsapp_list_chats' }
const nameOf = (operation: string) => NAMES[operation] ?? null

describe('references', () => {
  it('are replaced with the name of the operation in a face', () => {
    expect(withNames('Lists people. For groups, use {{list_chats}}.', nameOf)).toBe(
      'Lists people. For groups, use whatsapp_list_chats.',
    )
  })

  it('are removed with their sentence if the face does not offer the operation', () => {
    const text =
      'Lists chats. For people, use {{list_contacts}}. {{get_chat}} has more. Groups: {{list_chats}}.'
    expect(withNames(text, nameOf)).toBe('Lists chats. Groups: whatsapp_list_chats.')
  })

  it('are removed with their line if it has no other sentence', () => {
    const text = 'Lists chats.\nFor people, use {{list_contacts}}.\nGroups: {{list_chats}}.'
    expect(withNames(text, nameOf)).toBe('Lists chats.\nGroups: whatsapp_list_chats.')
  })

  it('of every row name existing operations', () => {
    const known = OPERATIONS.map(({ name }) => name)
    for (const { name, description, input, output } of OPERATIONS) {
      const schemas = [input, output].map((schema) =>
        JSON.stringify(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })),
      )
      for (const one of [description, ...schemas].flatMap(referencesIn)) expect(known, name).toContain(one)
    }
  })

  it('are used in every description: none contains the name of an operation', () => {
    const names = OPERATIONS.map(({ name }) => name).filter((name) => name.includes('_'))
    for (const { name, description } of OPERATIONS) {
      const spelled = names.filter((other) => new RegExp(`(?<!\\{)\\b${other}\\b`).test(description))
      expect(spelled, name).toEqual([])
    }
  })
})
