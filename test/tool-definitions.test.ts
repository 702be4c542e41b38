/** The definitions of tools as agents are told them: reviewed whenever they change, and small enough to be read. */
import { describe, expect, it } from 'vitest'
import { offerOf, toolTokens } from '../scripts/tool-tokens.ts'
import { ERRORS } from '../src/errors.ts'
import { getPrompt } from '../src/faces/mcp/prompts.ts'
import { defineTools } from '../src/faces/mcp/tools.ts'
import { createWording, toolName } from '../src/faces/mcp/words.ts'
import { TOOLSET_NAMES, type Toolset } from '../src/model/toolsets.ts'
import { OPERATIONS } from '../src/operations/index.ts'
import type { Operation } from '../src/operations/operation.ts'

/** The contract allows 10,000; the rest is for tools to come. */
const MOST_TOKENS = { core: 10_000, all: 35_000 }
const definitions = defineTools(OPERATIONS)

describe.each(definitions.map((definition) => [definition.name, definition] as const))(
  '%s',
  (name, definition) => {
    it('is as it was reviewed', async () => {
      await expect(`${JSON.stringify(definition, null, 2)}\n`).toMatchFileSnapshot(
        `snapshots/tools/${name}.json`,
      )
    })

    it('describes its purpose, its input and output, and its effect', () => {
      const { title, description = '', inputSchema, outputSchema, annotations } = definition
      expect(title).toBeTruthy()
      expect(description.length).toBeGreaterThan(60)
      if (outputSchema !== undefined) expect(outputSchema.type).toBe('object')
      // A new field must break no client that validates answers.
      expect(JSON.stringify(outputSchema ?? {})).not.toContain('additionalProperties')
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

it('the definitions are small: those of core, and of all toolsets together', () => {
  const { core, all } = toolTokens()
  expect(core).toBeLessThanOrEqual(MOST_TOKENS.core)
  expect(all).toBeLessThanOrEqual(MOST_TOKENS.all)
})

it('outside core only small output schemas are given', () => {
  for (const { name, outputSchema } of definitions) {
    const row = OPERATIONS.find((operation) => toolName(operation) === name)
    const isAlwaysOn = row?.toolset === null || row?.toolset === 'core'
    if (isAlwaysOn) expect(outputSchema, name).toBeDefined()
    else expect(JSON.stringify(outputSchema ?? {}).length, name).toBeLessThanOrEqual(700)
  }
  const given = definitions.filter((one) => one.outputSchema !== undefined).map(({ name }) => name)
  expect(given).toContain('whatsapp_get_archive_stats')
  expect(given).not.toContain('whatsapp_get_contact')
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
  ['every operation', () => true],
  ['readings only', ({ effect }) => effect === 'read'],
  ['no people', ({ tag }) => tag !== 'contacts'],
  ['no chats', ({ tag }) => tag !== 'chats'],
  ['one tool', ({ name }) => name === 'list_chats'],
])('of %s', (_, isThere) => {
  const rows = OPERATIONS.filter(isThere)
  const limits = [null, TOOLSET_NAMES, ...TOOLSET_NAMES.map((one): Toolset[] => [one])]
  it.each(limits.flatMap((limit) => [true, false].map((hasSession) => [limit, hasSession] as const)))(
    'a connection with %s (session: %s) names only tools that it offers',
    (limit, hasSession) => {
      const { tools, templates, instructions, prompts } = offerOf(rows, limit && [...limit], hasSession)
      const names = tools.definitions.map(({ name }) => name)
      const steps = prompts.map(({ name }) => getPrompt(name, name === 'draft_reply' ? { chat: 'a' } : {}, 0))
      const said = JSON.stringify([tools.definitions, templates, instructions, steps])
      const named = said.match(/whatsapp_\w+/g) ?? []
      expect([...new Set(named)].filter((name) => !names.includes(name))).toEqual([])
      expect(said).not.toContain('{{')
    },
  )
})
