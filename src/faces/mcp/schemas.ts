/** The schemas of tools, small: an agent reads all of them before it reads anything else. */
import { z } from 'zod'

export type Json = Record<string, unknown>

/**
 * What a tool takes, as JSON Schema 2020-12. `more`: properties besides those of its operation. Bounds stand in the
 * descriptions, and whoever exceeds them is told; of several ways to write a value the first is shown, as text.
 * @param words puts tools in the places of operations
 */
export function inputSchema(
  input: z.ZodType,
  more: Json,
  words: (text: string) => string,
): Json & { type: 'object' } {
  const schema = walk(toJson(input, 'input'), ({ anyOf, ...node }) => {
    const { type, items, properties, required, additionalProperties, description, default: standard } = node
    return defined({
      ...(Array.isArray(anyOf) ? { type: 'string' } : { type, enum: node.enum, items, properties }),
      required,
      additionalProperties,
      default: standard,
      description: typeof description === 'string' ? words(description) : undefined,
    })
  })
  const { properties } = schema
  return { ...schema, type: 'object', properties: { ...(isJson(properties) ? properties : {}), ...more } }
}

/** One field of an input. `types`: of JSON; several where it can be written in several ways. */
export type Field = { types: string[]; isRequired: boolean; most?: number }

/** The fields of an input by their names. */
export function inputFields(input: z.ZodType): [name: string, field: Field][] {
  const { properties, required } = toJson(input, 'input')
  const names = Array.isArray(required) ? required : []
  return Object.entries(isJson(properties) ? properties : {}).map(([name, schema]) => {
    const branches = isJson(schema) && Array.isArray(schema.anyOf) ? schema.anyOf : [schema]
    const types = branches.flatMap((one) => (isJson(one) && typeof one.type === 'string' ? [one.type] : []))
    const most = isJson(schema) && typeof schema.maximum === 'number' ? { most: schema.maximum } : {}
    return [name, { types, isRequired: names.includes(name), ...most }]
  })
}

/** So deep an answer is described: the entries of its lists, but not what those hold in turn. */
const DEPTH = 2

/**
 * What a tool gives, likewise, as types only. Members of the answer itself are always there; within them what says
 * nothing (null, false, an empty list) is left out of a concise answer, and a detailed one has more.
 */
export function outputSchema(shape: z.ZodObject): Json & { type: 'object' } {
  const schema = walk(toJson(shape, 'output'), ({ anyOf, ...node }, depth) => {
    // The only union in answers is that of something with nothing.
    const [one] = Array.isArray(anyOf) ? anyOf : []
    const { type, items, properties } = isJson(one) ? { ...one, type: [one.type, 'null'] } : node
    return defined({ type, items, properties: depth < DEPTH ? properties : undefined })
  })
  return { ...schema, type: 'object', required: alwaysThere(shape) }
}

function alwaysThere({ shape }: z.ZodObject): string[] {
  return Object.entries(shape).flatMap(([name, field]) =>
    z.safeParse(field, undefined).success ? [] : [name],
  )
}

function toJson(schema: z.ZodType, io: 'input' | 'output'): Json {
  return z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any' })
}

/** Every schema within a schema, from the outside in; the names of properties are no keywords. `depth`: in objects. */
function walk(schema: Json, change: (node: Json, depth: number) => Json, depth = 0): Json {
  const { properties, items, ...node } = change(schema, depth)
  const walked = (one: unknown, deeper: number) => (isJson(one) ? walk(one, change, depth + deeper) : one)
  return defined({
    ...node,
    items: walked(items, 0),
    properties: isJson(properties) ? mapValues(properties, (one) => walked(one, 1)) : undefined,
  })
}

function mapValues(object: Json, change: (value: unknown) => unknown): Json {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]))
}

function defined(node: Json): Json {
  return Object.fromEntries(Object.entries(node).filter(([, value]) => value !== undefined))
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
