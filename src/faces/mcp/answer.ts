/** What a tool gives back: one answer as data and as text with the same facts. */
import type { CallToolResult } from '@modelcontextprotocol/server'
import { escapeInText, toJson } from '../../json.ts'
import type { Operation } from '../../operations/operation.ts'
import { type Cuts, cutObject, type Limits, noCuts, sparse } from './cut.ts'
import { estimateTokens } from './estimate.ts'

/** How much of an answer is told. */
export const FORMATS = ['concise', 'detailed'] as const
export type Format = (typeof FORMATS)[number]

/** Data and text together, in tokens. */
export const BUDGET = { standard: 2_000, most: 8_000 } as const

/** Which facts are told, and how. */
export type Form = {
  format: Format
  limits: Limits
  /** The pages that were asked for, where they are smaller than what the caller wanted. */
  smaller: Record<string, number>
  /** What else is said in `note`: a sentence each. */
  notes: readonly string[]
  /** Puts tools in the places of routes, in sentences of ours. */
  words(text: string): string
}

/** The answer of an operation as a tool's result. What is not told is named in `note`, as data and as text. */
export function toResult({ brief, routes }: Operation, answer: object, form: Form): CallToolResult {
  const cuts = noCuts()
  const limits = { ...form.limits, pages: Object.values(brief?.sizes ?? {}) }
  if (form.format === 'detailed' || brief === undefined) {
    const data = cutObject(answer, limits, cuts)
    const told = { ...data, ...noteOf(cuts, form.smaller, routes[0], form.notes) }
    return result(toJson(told), told)
  }
  const data = cutObject(ownWords(brief.shape.parse(answer), form.words), limits, cuts)
  const more = noteOf(cuts, form.smaller, routes[0], form.notes)
  const text = [brief.text(brief.shape.parse(data)), ...Object.values(more)].join('\n')
  // What people wrote is quoted in it; this is for whatever was taken for ours, and was not.
  return result(escapeInText(text), { ...sparse(data), ...more })
}

function result(text: string, structuredContent: Record<string, unknown>): CallToolResult {
  return { content: [{ type: 'text', text }], structuredContent }
}

/** Members in which we say what to do; all others are facts. */
function ownWords(answer: Record<string, unknown>, words: Form['words']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [
      name,
      (name === 'next_step' || name === 'hint') && typeof value === 'string' ? words(value) : value,
    ]),
  )
}

/** What is missing and how to get it, and `notes`: one sentence each, as a member of the answer. No member: nothing to say. */
export function noteOf(
  cuts: Cuts,
  smaller: Record<string, number>,
  route: string | undefined,
  notes: readonly string[] = [],
): { note?: string } {
  const pages = Object.entries(smaller).map(([name, size]) => `${name} ${size}`)
  const lists = [...cuts.entries].map(([name, count]) => `${count} of ${name}`)
  const parts = [
    ...notes,
    pages.length > 0 && `Kept small: as if asked for ${pages.join(', ')}.`,
    cuts.texts > 0 &&
      `${cuts.texts} long texts are cut: whatsapp_read_messages with chat_id, limit 1 and after set to a message's time shows more of it; the REST API has all: ${route}.`,
    lists.length > 0 && `Left out: ${lists.join(', ')}; the REST API has all: ${route}.`,
  ]
  const note = parts.filter((part) => part !== false).join(' ')
  return note === '' ? {} : { note }
}

/** How large a result is for whoever reads all of it, at most. @param precise counted only up to about this, then guessed */
export function tokensOf({ content, structuredContent }: CallToolResult, precise: number): number {
  const texts = content.map((part) => (part.type === 'text' ? part.text : ''))
  return [...texts, toJson(structuredContent ?? null)].reduce(
    (sum, text) => sum + estimateTokens(text, precise),
    0,
  )
}
