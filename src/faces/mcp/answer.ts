/** Tool results: one output as structured data and as text with the same facts. */
import type { CallToolResult } from '@modelcontextprotocol/server'
import { escapeInText, toJson } from '../../json.ts'
import { inAccount } from '../../model/account-paths.ts'
import { fieldsOf } from '../../model/fields.ts'
import { briefShape, type Operation } from '../../operations/operation.ts'
import { type Cuts, cutObject, type Limits, noCuts, reworded, sparse } from './cut.ts'
import { estimateTokens } from './estimate.ts'

/** The formats of a result. */
export const FORMATS = ['concise', 'detailed'] as const
export type Format = (typeof FORMATS)[number]

/** Limits for data and text together, in tokens. */
export const BUDGET = { standard: 2_000, most: 8_000 } as const

/** How an output becomes a result. */
export type Form = {
  format: Format
  limits: Limits
  /** The page sizes that were used, if they are smaller than those that the caller asked for. */
  smaller: Record<string, number>
  /** More sentences for `note`. */
  notes: readonly string[]
  /** Replaces routes with tools, in sentences of this server. */
  words(text: string): string
  /** The account of the routes. */
  account: string
}

/** Returns the output of an operation as a tool result. `note` lists what is left out, in data and text. */
export function toResult(operation: Operation, answer: object, form: Form): CallToolResult {
  const { brief, output, routes } = operation
  const cuts = noCuts()
  const limits = { ...form.limits, pages: Object.values(brief?.sizes ?? {}) }
  if (form.format === 'detailed' || brief === undefined) {
    const data = cutObject(answer, fieldsOf(output), limits, cuts)
    const told = { ...data, ...noteOf(cuts, routes[0], form) }
    return result(toJson(told), told)
  }
  const shape = briefShape(operation)
  const fields = fieldsOf(shape)
  const data = cutObject(reworded(shape.parse(answer), fields, form.words), fields, limits, cuts)
  const more = noteOf(cuts, routes[0], form)
  const text = [brief.text(data), ...Object.values(more)].join('\n')
  // Texts from people are already quoted. This escapes controls in any other field.
  return result(escapeInText(text), { ...sparse(data, fields), ...more })
}

function result(text: string, structuredContent: Record<string, unknown>): CallToolResult {
  return { content: [{ type: 'text', text }], structuredContent }
}

/** Returns `note`: `notes`, what is left out, and how to get it. Returns no field if there is nothing to say. */
export function noteOf(
  cuts: Cuts,
  route: string | undefined,
  { smaller, notes, words, account }: Pick<Form, 'smaller' | 'notes' | 'words' | 'account'>,
): { note?: string } {
  const pages = Object.entries(smaller).map(([name, size]) => `${name} ${size}`)
  const lists = [...cuts.entries].map(([name, count]) => `${count} of ${name}`)
  const parts = [
    ...notes,
    pages.length > 0 && `The result is shortened: it is the same as with ${pages.join(', ')}.`,
    cuts.texts > 0 && words(`${cuts.texts} long texts are cut. ${MORE}`),
    lists.length > 0 && `Left out: ${lists.join(', ')}.`,
    (cuts.texts > 0 || lists.length > 0) && inAccount(`The REST API returns all: ${route}.`, account),
  ]
  const note = parts.filter((part) => part !== false).join(' ')
  return note === '' ? {} : { note }
}

const MORE =
  '{{read_messages}} with chat_id, limit 1 and before set to the id of the message that follows it returns more of it. For the newest message of a chat, leave before out.'

/** Returns an upper bound for the tokens of a result. @param precise counts up to about this number, then extrapolates */
export function tokensOf({ content, structuredContent }: CallToolResult, precise: number): number {
  const texts = content.map((part) => (part.type === 'text' ? part.text : ''))
  return [...texts, toJson(structuredContent ?? null)].reduce(
    (sum, text) => sum + estimateTokens(text, precise),
    0,
  )
}
