/** The schemas of tools, small: an agent reads all of them before it reads anything else. */
import { z } from 'zod'

export type Json = Record<string, unknown>

/** What a tool takes, as JSON Schema 2020-12. `more`: properties of the tool besides those of its operation. */
export function inputSchema(input: z.ZodType, more: Json): Json & { type: 'object' } {
  const schema = slim(toJson(input, 'input'))
  return { ...schema, type: 'object', properties: { ...(schema.properties as Json), ...more } }
}

/**
 * What a tool gives, likewise. Members of the answer itself are always there; within them what says nothing (null, false,
 * an empty list) is left out of a concise answer, and a detailed one has more.
 */
export function outputSchema(shape: z.ZodObject): Json & { type: 'object' } {
  const { required, ...schema } = loosen(slim(toJson(shape, 'output'), ['description'])) as Json
  void required
  return { ...schema, type: 'object', required: alwaysThere(shape) }
}

function alwaysThere(shape: z.ZodObject): string[] {
  return Object.entries(shape.shape).flatMap(([name, field]) =>
    (field as z.ZodType).safeParse(undefined).success ? [] : [name],
  )
}

function toJson(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
  })
  return json
}

/** The bounds of whole numbers in JavaScript say nothing. */
const NOTHING: Json = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }

/** Without these keywords, and without what says nothing. */
function slim(schema: unknown, without: readonly string[] = []): Json {
  return walk(schema, (node) =>
    Object.fromEntries(
      Object.entries(node).filter(([key, value]) => !without.includes(key) && NOTHING[key] !== value),
    ),
  ) as Json
}

/** More may come, and less. */
function loosen(schema: unknown): Json {
  return walk(schema, ({ additionalProperties, required, ...node }) => node) as Json
}

/** Every schema within a schema; the names of properties are no keywords. */
function walk(schema: unknown, change: (node: Json) => Json): unknown {
  if (Array.isArray(schema)) return schema.map((one) => walk(one, change))
  if (typeof schema !== 'object' || schema === null) return schema
  const { properties, ...rest } = change(schema as Json)
  const node = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, walk(value, change)]))
  if (properties === undefined) return node
  const named = Object.entries(properties as Json).map(([name, value]) => [name, walk(value, change)])
  return { ...node, properties: Object.fromEntries(named) }
}
