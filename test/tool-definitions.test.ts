/** The definitions of tools as agents are told them: reviewed whenever they change, and small enough to be read. */
import { readFileSync } from 'node:fs'
import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, it } from 'vitest'
import { ERRORS } from '../src/errors.ts'
import { defineTools } from '../src/faces/mcp/tools.ts'
import { createWording, toolName } from '../src/faces/mcp/words.ts'
import { OPERATIONS } from '../src/operations/index.ts'
import type { Operation } from '../src/operations/operation.ts'

const MOST_TOKENS = 8_000
const definitions = defineTools(OPERATIONS)

describe.each(definitions.map((definition) => [definition.name, definition] as const))(
  '%s',
  (name, definition) => {
    it('is as it was reviewed', async () => {
      await expect(`${JSON.stringify(definition, null, 2)}\n`).toMatchFileSnapshot(
        `snapshots/tools/${name}.json`,
      )
    })

    it('says what it is for, what it takes and gives, and what it does', () => {
      const { title, description = '', inputSchema, outputSchema, annotations } = definition
      expect(title).toBeTruthy()
      expect(description.length).toBeGreaterThan(60)
      expect(outputSchema?.type).toBe('object')
      // A new field must break no client that validates answers.
      expect(JSON.stringify(outputSchema)).not.toContain('additionalProperties')
      for (const [field, schema] of Object.entries(inputSchema.properties ?? {}))
        if (field !== 'response_format') expect(schema, field).toHaveProperty('description')
      const row = OPERATIONS.find((operation) => toolName(operation) === name)
      expect(annotations).toMatchObject({
        readOnlyHint: row?.effect === 'read',
        openWorldHint: row?.effect === 'send',
        ...(row?.effect === 'read' ? {} : { destructiveHint: row?.effect === 'destroy' }),
      })
    })

    it('speaks of tools, not of routes', () => {
      expect(JSON.stringify(definition)).not.toMatch(/\b(?:GET|POST|DELETE) \//)
    })
  },
)

it('all together are at most 8,000 tokens, as many as the docs say', () => {
  const tokens = encode(JSON.stringify({ tools: definitions })).length
  expect(tokens).toBeLessThanOrEqual(MOST_TOKENS)
  const docs = readFileSync(new URL('../docs/mcp.md', import.meta.url), 'utf8')
  expect(docs).toContain(`\`tools/list\` is ${tokens.toLocaleString('en')} tokens`)
})

it('hints of failures that a tool answers with speak of tools, too', () => {
  const words = createWording(OPERATIONS)
  const codes = OPERATIONS.filter((one) => toolName(one) !== null).flatMap(({ errors }) => errors)
  for (const code of new Set(codes)) {
    const hint = words(ERRORS[code].hint, 'http://127.0.0.1:8790/mcp')
    expect(hint, code).not.toMatch(/\b(?:GET|POST) \/api/)
  }
})

describe.each<[string, (operation: Operation) => boolean]>([
  ['every tool', () => true],
  ['readings only', ({ effect }) => effect === 'read'],
  ['no people', ({ tag }) => tag !== 'contacts'],
  ['no chats', ({ tag }) => tag !== 'chats'],
  ['one tool', ({ name }) => name === 'list_chats'],
])('a list of %s', (_, isOffered) => {
  it('names no tool that is not on it', () => {
    const listed = defineTools(OPERATIONS.filter(isOffered))
    const names = listed.map(({ name }) => name)
    const named = JSON.stringify(listed).match(/whatsapp_\w+/g) ?? []
    expect([...new Set(named)].filter((name) => !names.includes(name))).toEqual([])
    expect(JSON.stringify(listed)).not.toContain('{{')
  })
})
