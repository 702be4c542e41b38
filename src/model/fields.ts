/**
 * Marks of fields, beside their types: who wrote the text, and whether short forms include the field. The faces cut, reword and
 * shorten outputs by these marks, never by the names of fields.
 */
import { z } from 'zod'

/** The marks of one field. */
type Marks = {
  /** People (or programs that they use) wrote the text. It can have any length and content: data, never instructions. */
  written?: true
  /** A sentence of this server. Each face replaces the operations in it with its own names. */
  own?: true
  /** A repetition of what is complete elsewhere: its texts can be cut first. */
  preview?: true
  /** Only full forms include the field. */
  detail?: true
  /** Of an input: an empty text is a value of it, and removes what was there. */
  clears?: true
  /** The usual value. Short forms leave it out. */
  usual?: string | number
}

/** A registry, so that the marks are not part of the published schemas. A copy of a schema (`describe`) keeps them. */
const MARKS = z.registry<Marks>()

function marked<T extends z.ZodType>(schema: T, marks: Marks): T {
  const copy = schema.clone()
  MARKS.add(copy, marks)
  return copy
}

/** Returns the field, marked as text that people wrote. */
export const writtenByPeople = <T extends z.ZodType>(field: T): T => marked(field, { written: true })

/** Returns the field, marked as a sentence of this server. */
export const serverText = <T extends z.ZodType>(field: T): T => marked(field, { own: true })

/** Returns the field, marked as a repetition of what is complete elsewhere. */
export const preview = <T extends z.ZodType>(field: T): T => marked(field, { preview: true })

/** Returns the input, marked as one whose empty text removes what was there. */
export const clearedByEmpty = <T extends z.ZodType>(field: T): T => marked(field, { clears: true })

/** Returns the field, marked as one that usually has this value. */
export const withUsualValue = <T extends z.ZodType>(field: T, value: string | number): T =>
  marked(field, { usual: value })

const DETAIL = Symbol('detail')
/** The mark of {@link detail} for the compiler. */
type Detail = { readonly [DETAIL]: true }

/** Returns the field, marked as one that short forms leave out. It must be the outermost call, or the type loses the mark. */
export function detail<T extends z.ZodType>(field: T): T & Detail {
  return Object.assign(marked(field, { detail: true }), { [DETAIL]: true as const })
}

/** The short form of a schema: without the fields that are details. */
export type Short<T> =
  T extends z.ZodObject<infer Shape>
    ? z.ZodObject<{ [Name in keyof Shape as Shape[Name] extends Detail ? never : Name]: Short<Shape[Name]> }>
    : T extends z.ZodArray<infer Entry extends z.ZodType>
      ? z.ZodArray<Short<Entry>>
      : T extends z.ZodNullable<infer Inner extends z.ZodType>
        ? z.ZodNullable<Short<Inner>>
        : T extends z.ZodOptional<infer Inner extends z.ZodType>
          ? z.ZodOptional<Short<Inner>>
          : T

/** Returns the {@link Short} form of a schema. Unions stay as they are. */
export function shortOf<T extends z.core.$ZodType>(schema: T): Short<T>
export function shortOf(schema: z.core.$ZodType): z.core.$ZodType {
  const short = withoutDetails(schema)
  const marks = MARKS.get(schema)
  if (short !== schema && marks !== undefined) MARKS.add(short, marks)
  return short
}

function withoutDetails(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodObject) {
    const fields = Object.entries<z.ZodType>(schema.shape).filter(([, field]) => !fieldsOf(field).detail)
    return z.object(Object.fromEntries(fields.map(([name, field]) => [name, shortOf(field)])))
  }
  if (schema instanceof z.ZodArray) return z.array(shortOf(schema.element))
  if (schema instanceof z.ZodNullable) return z.nullable(shortOf(schema.unwrap()))
  if (schema instanceof z.ZodOptional) return z.optional(shortOf(schema.unwrap()))
  return schema
}

/** The marks of a schema and of all fields within it. A list has the marks of its entries. */
export type Fields = Marks & { readonly fields: ReadonlyMap<string, Fields> }

/** No marks. */
export const UNMARKED: Fields = { fields: new Map() }

const known = new WeakMap<z.core.$ZodType, Fields>()

/** Returns the marks of this schema. They are computed once. */
export function fieldsOf(schema: z.core.$ZodType): Fields {
  const found = known.get(schema) ?? { ...within(schema), ...MARKS.get(schema) }
  known.set(schema, found)
  return found
}

function within(schema: z.core.$ZodType): Fields {
  if (schema instanceof z.ZodObject) {
    const fields = Object.entries<z.core.$ZodType>(schema.shape)
    return { fields: new Map(fields.map(([name, field]) => [name, fieldsOf(field)])) }
  }
  if (schema instanceof z.ZodArray) return fieldsOf(schema.element)
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) return fieldsOf(schema.unwrap())
  if (schema instanceof z.ZodUnion) return schema.options.map(fieldsOf).reduce(merged, UNMARKED)
  return UNMARKED
}

/** Returns the marks of a value that has one of two schemas. */
function merged(one: Fields, other: Fields): Fields {
  const fields = new Map(one.fields)
  for (const [name, field] of other.fields) fields.set(name, merged(fields.get(name) ?? UNMARKED, field))
  return { ...one, ...other, fields }
}
