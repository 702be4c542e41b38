/** The doctor's check of the rules file. */
import { counted } from '../model/counted.ts'
import { RulesError } from '../rules/file-state.ts'
import { readRules } from '../rules/rules-file.ts'
import { placesIn } from '../session/auth-dir.ts'
import { askServer, isServed, ok, type Situation, type Verdict, warning } from './doctor-check.ts'
import type { ListedRules } from './rule-lines.ts'

/** Checks that the rules file can be used, and that the rules at work do not fail. */
export async function checkRules(situation: Situation): Promise<Verdict> {
  const { config } = situation
  if (!config.rules) return ok('Rules are off.')
  const file = placesIn(config.authDir).rules
  try {
    const { length: count } = readRules(file)
    const wrong = isServed(situation) ? await wrongAtWork(situation) : null
    return wrong ?? ok(count === 0 ? 'The rules file has no rules.' : 'Every rule can be used.')
  } catch (error) {
    if (!(error instanceof RulesError)) throw error
    const place = error.line === null ? '' : `, line ${error.line}`
    return warning(
      `The rules file is not used: ${error.message} (${file}${place}).`,
      'Correct it, then run "whatsapp-mcp-api rules check". See docs/rules.md.',
    )
  }
}

async function wrongAtWork(situation: Situation): Promise<Verdict | null> {
  const { rules = [] } = (await askServer<ListedRules>(situation, '/api/rules')) ?? {}
  const paused = rules.find(({ paused_reason: why }) => why !== null)
  if (paused !== undefined)
    return warning(
      `The rule ${paused.name} is paused (${paused.paused_reason}).`,
      'To continue it with new events, save the rules file again.',
    )
  const dead = rules.find(({ dead_deliveries: count }) => count > 0)
  if (dead !== undefined)
    return warning(
      `The rule ${dead.name} has ${counted(dead.dead_deliveries, 'dead delivery', 'dead deliveries')}.`,
      'Do by hand what it did not do. To begin anew, remove it from the rules file, save the file, and add it again.',
    )
  const failing = rules.find(({ failing_chats: count, last_attempt: last }) => count > 0 || last?.error)
  if (failing === undefined) return null
  return warning(
    `The rule ${failing.name} fails: ${failing.last_attempt?.error ?? 'no attempt since the start'}.`,
    'Check its command, its receiver or its chat. See docs/rules.md.',
  )
}
