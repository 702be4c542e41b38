/** The doctor's check of the rules file. */
import { serverUrl } from '../config.ts'
import { counted } from '../model/counted.ts'
import { RulesError } from '../rules/file-state.ts'
import { readRules } from '../rules/rules-file.ts'
import { placesIn } from '../session/auth-dir.ts'
import { ApiError, openApi } from './client.ts'
import type { Situation } from './doctor-checks.ts'
import type { ListedRules } from './rule-lines.ts'

/** What is found. `wrong`: what needs the owner, as a sentence and the next step. */
export type RulesFound = { count: number; wrong: { says: string; next: string } | null }

/** Returns what is found of the rules file, and of the rules of the running server of this directory. */
export async function checkedRules(
  { config, key }: Pick<Situation, 'config' | 'key'>,
  isRunning: boolean,
): Promise<RulesFound> {
  const file = placesIn(config.authDir).rules
  try {
    const { length: count } = readRules(file)
    return { count, wrong: isRunning ? await wrongAtWork(config, key) : null }
  } catch (error) {
    if (!(error instanceof RulesError)) throw error
    const place = error.line === null ? '' : `, line ${error.line}`
    return {
      count: 0,
      wrong: {
        says: `The rules file is not used: ${error.message} (${file}${place}).`,
        next: 'Correct it, then run "whatsapp-mcp-api rules check". See docs/rules.md.',
      },
    }
  }
}

async function wrongAtWork(
  { host, port }: Situation['config'],
  key: Situation['key'],
): Promise<RulesFound['wrong']> {
  try {
    const api = openApi({ url: serverUrl(host, port), isNamed: true, key })
    const { rules } = await api.get<ListedRules>('/api/rules')
    const paused = rules.find(({ paused_reason: why }) => why !== null)
    if (paused !== undefined)
      return {
        says: `The rule ${paused.name} is paused (${paused.paused_reason}).`,
        next: 'To continue it with new events, save the rules file again.',
      }
    const dead = rules.find(({ dead_deliveries: count }) => count > 0)
    if (dead !== undefined)
      return {
        says: `The rule ${dead.name} has ${counted(dead.dead_deliveries, 'dead delivery', 'dead deliveries')}.`,
        next: 'Do by hand what it did not do. To begin anew, remove it from the rules file, save the file, and add it again.',
      }
    const failing = rules.find(({ failing_chats: count, last_attempt: last }) => count > 0 || last?.error)
    if (failing === undefined) return null
    return {
      says: `The rule ${failing.name} fails: ${failing.last_attempt?.error ?? 'no attempt since the start'}.`,
      next: 'Check its command, its receiver or its chat. See docs/rules.md.',
    }
  } catch (error) {
    // Another check says why the server does not respond.
    if (error instanceof ApiError) return null
    throw error
  }
}
