/** Rules, as lines for people. */
import { localSecond } from './local-time.ts'
import { printable } from './terminal.ts'
import { type EventFilter, filterFacts, type Undelivered, undelivered } from './webhook-lines.ts'

export type RuleFacts = EventFilter & { name: string; does: string }
export type ListedRule = RuleFacts &
  Undelivered & {
    paused_reason: string | null
    last_attempt: { at: string; status: number | null; error: string | null } | null
  }
export type ListedRules = {
  on: boolean
  file: string
  problem: { line: number | null; reason: string } | null
  rules: ListedRule[]
}

/** Renders what a rule takes and does. `more`: facts of its state. */
export function ruleFacts({ name, does, ...filter }: RuleFacts, more: readonly string[] = []): string {
  const facts = [does, ...filterFacts(filter), ...more]
  return `${name}\n${facts.map((fact) => `    ${printable(fact)}\n`).join('')}`
}

/** Renders the rules that are at work, and what is wrong with their file. */
export function rulesText({ on, file, problem, rules }: ListedRules): string {
  if (!on) return 'Rules are off. To use them, set WHATSAPP_RULES=true.\n'
  const flaw =
    problem === null ? [] : [`${problem.line === null ? '' : `line ${problem.line}: `}${problem.reason}`]
  const blocks = rules.map((rule) => ruleFacts(rule, stateOf(rule)))
  const said = blocks.length === 0 ? [`There are no rules in ${printable(file)}.\n`] : blocks
  return [...flaw.map((text) => `${printable(file)} is not used: ${printable(text)}.\n`), ...said].join('')
}

function stateOf({ paused_reason: why, last_attempt: last, ...one }: ListedRule): string[] {
  return [
    ...(why === null ? [] : [`paused (${why})`]),
    ...undelivered(one),
    ...(last === null
      ? []
      : [
          `last ${localSecond(last.at)}, ${last.error ?? 'done'}${last.status === null ? '' : ` (${last.status})`}`,
        ]),
  ]
}
