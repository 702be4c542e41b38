/** The schemas of tools. They are small, because an agent reads all of them first. */
import { z } from 'zod'
import { isRecord } from '../../json.ts'

export type Json = Record<string, unknown>

/**
 * Returns the input schema of a tool as JSON Schema 2020-12. `more`: properties besides those of the operation. Descriptions
 * state the bounds, and a call beyond them returns an error. If a field has several forms, the schema shows the first: text or an object.
 * @param words replaces operations with tools
 */
export function inputSchema(
  input: z.ZodType,
  more: Json,
  words: (text: string) => string,
): Json & { type: 'object' } {
  const schema = walk(toJson(input, 'input'), (given) => {
    const { anyOf, ...node } = firstForm(given)
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
  return { ...schema, type: 'object', properties: { ...(isRecord(properties) ? properties : {}), ...more } }
}

function firstForm(node: Json): Json {
  const [first] = Array.isArray(node.anyOf) ? node.anyOf : []
  return isRecord(first) && first.type === 'object' ? first : node
}

/** One field of an input. `types`: its JSON types, several if it has several forms. */
export type Field = { types: string[]; isRequired: boolean; most?: number }

/** Returns the fields of an input by name. */
export function inputFields(input: z.ZodType): [name: string, field: Field][] {
  const { properties, required } = toJson(input, 'input')
  const names = Array.isArray(required) ? required : []
  return Object.entries(isRecord(properties) ? properties : {}).map(([name, schema]) => {
    const branches = isRecord(schema) && Array.isArray(schema.anyOf) ? schema.anyOf : [schema]
    const types = branches.flatMap((one) => (isRecord(one) && typeof one.type === 'string' ? [one.type] : []))
    const most = isRecord(schema) && typeof schema.maximum === 'number' ? { most: schema.maximum } : {}
    return [name, { types, isRequired: names.includes(name), ...most }]
  })
}

/** How deep output schemas go: the entries of lists, but not the objects within them. */
const DEPTH = 2

/**
 * Returns the output schema of a tool, types only. The fields of the output itself are always present. Within them, concise
 * results leave out empty values (null, false, an empty list), and detailed results have more fields.
 */
export function outputSchema(shape: z.ZodObject): Json & { type: 'object' } {
  const schema = walk(toJson(shape, 'output'), ({ anyOf, ...node }, depth) => {
    // The only union in outputs is a type with null.
    const [one] = Array.isArray(anyOf) ? anyOf : []
    const { type, items, properties } = isRecord(one) ? { ...one, type: [one.type, 'null'] } : node
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

/** Applies `change` to every schema within a schema, from the outside in. `depth`: number of enclosing objects. */
function walk(schema: Json, change: (node: Json, depth: number) => Json, depth = 0): Json {
  const { properties, items, ...node } = change(schema, depth)
  const walked = (one: unknown, deeper: number) => (isRecord(one) ? walk(one, change, depth + deeper) : one)
  return defined({
    ...node,
    items: walked(items, 0),
    properties: isRecord(properties) ? mapValues(properties, (one) => walked(one, 1)) : undefined,
  })
}

function mapValues(object: Json, change: (value: unknown) => unknown): Json {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]))
}

function defined(node: Json): Json {
  return Object.fromEntries(Object.entries(node).filter(([, value]) => value !== undefined))
}
