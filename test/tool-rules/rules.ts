/**
 * What public graders of tool definitions check (the directories of Anthropic and Glama, the linters of MCP servers, the limits of
 * model APIs), as rules over one definition and its row: each returns what is wrong with it.
 */
import type { Tool } from '@modelcontextprotocol/client'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv'
import { z } from 'zod'
import { ERRORS } from '../../src/errors.ts'
import { toolName } from '../../src/faces/mcp/words.ts'
import { OPERATIONS } from '../../src/operations/index.ts'
import type { Operation } from '../../src/operations/operation.ts'

export type Rule = (tool: Tool, row: Operation) => string[]
type Schema = { [key: string]: unknown; description?: string; default?: unknown }

const validator = new AjvJsonSchemaValidator()
const fieldsOf = (tool: Tool) => Object.entries((tool.inputSchema.properties ?? {}) as Record<string, Schema>)
const unless = (holds: boolean, problem: string): string[] => (holds ? [] : [problem])

/** With the prefix that clients put before it (`mcp__whatsapp__`), a name has at most 64 characters in every model API. */
const LONGEST_NAME = 64 - 'mcp__whatsapp__'.length
/** The longest description of a function in the OpenAI API. */
const LONGEST_DESCRIPTION = 1_024

/** Words of an effect that cannot be undone. */
const FINAL = /cannot be undone|irreversibl|permanent|for good\b|brings it back|invalid from then on/i
/** What a tool that ends something says of it, if it does not say that it cannot be undone. */
const ENDS = /\b(?:deletes?|removes?|rejects?|logs? out|leaves|replaces the invite)\b/i
/** First words of tools that change nothing, and of those that do. */
const LOOKS =
  /^(?:Returns?|Lists?|Finds?|Tells|Shows which|Switches a toolset on|Archives of|Prepares|Downloads?|Gives|Reads)\b/

export const RULES: Record<string, Rule> = {
  'has a name that every client takes': ({ name }) => [
    ...unless(/^[a-z][a-z0-9_]*$/.test(name), 'its name has other characters than a-z, 0-9 and _'),
    ...unless(name.length <= LONGEST_NAME, `its name has ${name.length} characters`),
  ],
  'has a short title, and a description that every model API takes': ({ title = '', description = '' }) => [
    ...unless(title !== '' && title.length <= 60, `its title has ${title.length} characters`),
    ...unless(
      description.length <= LONGEST_DESCRIPTION,
      `its description has ${description.length} characters`,
    ),
    ...unless(/^[A-Z][^.]+/.test(description), 'its description does not begin with a sentence'),
  ],
  'says in its first word whether it changes something': ({ description = '', annotations }) => [
    ...unless(
      annotations?.readOnlyHint === LOOKS.test(description),
      `readOnlyHint is ${annotations?.readOnlyHint}, and its text begins "${description.slice(0, 30)}"`,
    ),
  ],
  'has all annotations that mean something': ({ annotations = {} }) => {
    const needed = [
      'readOnlyHint',
      'openWorldHint',
      ...(annotations.readOnlyHint ? [] : ['destructiveHint', 'idempotentHint']),
    ]
    return needed
      .filter((hint) => typeof Reflect.get(annotations, hint) !== 'boolean')
      .map((hint) => `${hint} is missing`)
  },
  'is marked as destructive if its effect cannot be undone, and says so': ({
    description = '',
    annotations,
  }) => {
    const isMarked = annotations?.destructiveHint === true
    return [
      ...unless(
        isMarked || !FINAL.test(description),
        'its text says that it cannot be undone, its annotations do not',
      ),
      ...unless(
        !isMarked || FINAL.test(description) || ENDS.test(description),
        'it is destructive, and its text does not say what it ends',
      ),
      ...unless(!(isMarked && annotations?.readOnlyHint), 'it is read-only and destructive'),
    ]
  },
  'describes each field, with its type, and requires only fields that exist': (tool) => [
    ...fieldsOf(tool).flatMap(([name, schema]) => [
      ...unless(name === 'response_format' || Boolean(schema.description), `"${name}" has no description`),
      ...unless(
        ['type', 'anyOf', 'enum', 'const'].some((key) => key in schema),
        `"${name}" has no type`,
      ),
    ]),
    ...(tool.inputSchema.required ?? [])
      .filter((name) => !fieldsOf(tool).some(([field]) => field === name))
      .map((name) => `"${name}" is required, and no field`),
  ],
  'says of each field what is true: its default and its bounds': (tool, row) => {
    // Defaults are said in the text alone: in schemas they cost more tokens.
    const defaults = defaultsOf(row)
    return fieldsOf(tool).flatMap(([name, { description = '', minimum, maximum }]) => {
      const [, said] = /\bDefault "?([\w,.-]+?)"?(?:\.|:|$)/.exec(description) ?? []
      const [, from, to] = /\b(\d+) to (\d[\d,]*)\b/.exec(description) ?? []
      const real = textOf(defaults[name] ?? false)
      return [
        ...unless(said === undefined || said === real, `"${name}" says Default ${said}, and it is ${real}`),
        ...unless(
          from === undefined ||
            maximum === undefined ||
            (Number(from) === minimum && numberIn(to) === maximum),
          `"${name}" says ${from} to ${to}, its schema ${minimum} to ${maximum}`,
        ),
      ]
    })
  },
  'names only fields, codes and tools that exist': ({ description = '' }, row) => {
    const text = description.replace(/Example: .*$/s, '')
    const named = OPERATIONS.filter((one) => wordsIn(text).includes(toolName(one) ?? ''))
    const known = new Set([
      ...[row, ...named].flatMap(({ input, output }) =>
        wordsIn(JSON.stringify([input, output].map(schemaOf))),
      ),
      ...OPERATIONS.flatMap((one) => toolName(one) ?? []),
      ...Object.keys(ERRORS),
    ])
    return wordsIn(text)
      .filter((word) => !known.has(word))
      .map((word) => `its text names "${word}"`)
  },
  'has an example that its own schema takes': (tool) => {
    const [, json] = /Example: (\{.*\})$/s.exec(tool.description ?? '') ?? []
    if (json === undefined) return unless((tool.inputSchema.required ?? []).length === 0, 'it has no example')
    const checked = validator.getValidator(tool.inputSchema as Parameters<typeof validator.getValidator>[0])(
      JSON.parse(json),
    )
    return unless(checked.valid, `its example: ${checked.errorMessage}`)
  },
  'promises an object, if it promises an output': ({ outputSchema }) =>
    unless(outputSchema === undefined || outputSchema.type === 'object', 'its output is no object'),
  'gives no orders but about its own use': ({ description = '', title = '' }) =>
    unless(
      !/\b(?:ignore (?:all|any|previous)|system prompt|you must always|before any other tool)\b|<\/?\w+>/i.test(
        `${title} ${description}`,
      ),
      'its text reads like an injection',
    ),
}

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })

/** What each field is if it is left out. */
function defaultsOf({ input }: Operation): Record<string, unknown> {
  if (!(input instanceof z.ZodObject)) return {}
  const shape: Record<string, z.ZodType> = input.shape
  return Object.fromEntries(
    Object.entries(shape).map(([name, field]) => [name, field.safeParse(undefined).data]),
  )
}

const numberIn = (text = '') => Number(text.replaceAll(',', ''))
const textOf = (value: unknown) => (Array.isArray(value) ? value.join(',') : String(value))
const wordsIn = (text: string): string[] => text.match(/\b[a-z]+(?:_[a-z0-9]+)+\b/g) ?? []
