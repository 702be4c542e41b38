/** What a tool gives back: one answer as data and as text with the same facts, and small enough to be read. */
import type { CallToolResult } from '@modelcontextprotocol/server'
import { type AppError, ERRORS } from '../../errors.ts'
import { toJson, toPrettyJson } from '../../json.ts'
import type { Operation } from '../../operations/operation.ts'
import { estimateTokens } from './estimate.ts'

/** How much of an answer is told. */
export const FORMATS = ['concise', 'detailed'] as const
export type Format = (typeof FORMATS)[number]

/** Data and text together, in tokens. */
export const BUDGET = { standard: 2_000, most: 8_000 } as const

/** An answer in one of its forms. `cutTo`: texts longer than so many characters are cut, and say so. */
export type Form = { format: Format; cutTo: number; indent: boolean }

/** The answer of an operation as a tool's result. */
export function toResult(
  { brief }: Operation,
  answer: unknown,
  { format, cutTo, indent }: Form,
): CallToolResult {
  if (format === 'detailed' || brief === undefined) {
    const data = cut(answer, cutTo) as Record<string, unknown>
    return { content: [{ type: 'text', text: indent ? toPrettyJson(data) : toJson(data) }], structuredContent: data }
  }
  const data = cut(brief.shape.parse(answer), cutTo) as Record<string, unknown>
  return {
    content: [{ type: 'text', text: brief.text(brief.shape.parse(data)) }],
    structuredContent: sparse(data),
  }
}

/** How large a result is for whoever reads all of it. */
export function tokensOf({ content, structuredContent }: CallToolResult): number {
  const texts = content.map((part) => (part.type === 'text' ? estimateTokens(part.text) : 0))
  return texts.reduce((sum, one) => sum + one, estimateTokens(JSON.stringify(structuredContent ?? null)))
}

/**
 * A failure that the agent can mend, or has to tell its user of. No structured content: that would have to fit the
 * schema of the answer.
 * @param words puts tools in the places of routes
 */
export function toFailure(
  error: AppError,
  state: string,
  requestId: string,
  words: (text: string) => string,
): CallToolResult {
  const { code, message, hint, facts, retryAfterS } = error
  const more = {
    code,
    retry: ERRORS[code].retry,
    ...(retryAfterS === undefined ? {} : { retry_after_s: retryAfterS }),
    state,
    request_id: requestId,
    ...facts,
  }
  return {
    isError: true,
    content: [{ type: 'text', text: `${words(message)} Next step: ${words(hint)}\n${toJson(more)}` }],
  }
}

/** Without what says nothing: no, none, and a plain text's type. The members of the answer itself stay. */
function sparse(answer: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(answer).map(([name, value]) => [name, thin(value)]))
}

function thin(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(thin)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(
        ([name, one]) =>
          one !== null && one !== false && one !== undefined && !(name === 'type' && one === 'chat'),
      )
      .filter(([, one]) => !(Array.isArray(one) && one.length === 0))
      .map(([name, one]) => [name, thin(one)]),
  )
}

/** Every text within, no longer than this. */
function cut(value: unknown, most: number): unknown {
  if (typeof value === 'string') {
    if (value.length <= most) return value
    // Never half of a character.
    const shown = value.slice(0, most).replace(/[\ud800-\udbff]$/, '')
    return `${shown}… (${value.length - shown.length} more characters)`
  }
  if (Array.isArray(value)) return value.map((one) => cut(one, most))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, cut(one, most)]))
}
