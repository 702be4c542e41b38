/** `whatsapp-mcp-api rules check`: reads a rules file as the server does, and runs nothing. */
import { join } from 'node:path'
import { toPath } from '../home.ts'
import { counted } from '../model/counted.ts'
import { RulesError, stampOf } from '../rules/file-state.ts'
import type { Rule } from '../rules/rule.ts'
import { readRules } from '../rules/rules-file.ts'
import { EXIT } from './exit-codes.ts'
import { type RuleFacts, ruleFacts } from './rule-lines.ts'
import { jsonLines, printable } from './terminal.ts'

/** Prints the rules of the file, or what is wrong with it. Resolves with the exit code. */
export async function checkRules(
  { authDir }: { authDir: string },
  named: string | undefined,
  { json }: { json: boolean },
): Promise<number> {
  const file = named === undefined ? join(authDir, '.whatsapp-mcp-api', 'rules.yaml') : toPath(named)
  const { rules, problem } = found(file)
  const facts = rules.map(factsOf)
  if (json) process.stdout.write(jsonLines({ ok: problem === null, file, problem, rules: facts }))
  else if (problem !== null) {
    const place = problem.line === null ? printable(file) : `${printable(file)}, line ${problem.line}`
    process.stderr.write(`${place}: ${printable(problem.reason)}.\n`)
  } else {
    process.stdout.write(facts.map((one) => ruleFacts(one)).join(''))
    process.stdout.write(`${printable(file)} has ${counted(rules.length, 'rule')} and no error.\n`)
  }
  return problem === null ? EXIT.ok : EXIT.failed
}

type Problem = { line: number | null; reason: string }

function found(file: string): { rules: Rule[]; problem: Problem | null } {
  try {
    if (stampOf(file) === null) throw new RulesError('There is no such file')
    return { rules: readRules(file), problem: null }
  } catch (error) {
    if (!(error instanceof RulesError)) throw error
    return { rules: [], problem: { line: error.line, reason: error.message } }
  }
}

/** Returns the facts of a rule that are not secret. */
function factsOf({ name, account, filter, action: { does } }: Rule): RuleFacts {
  const { kinds, chats, fromMe: from_me, mentionsMe: mentions_me } = filter
  return { name, account, does, kinds, chats, from_me, mentions_me }
}
