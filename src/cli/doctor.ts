/** `whatsapp-mcp-api doctor`: looks at everything a start needs, and says how to mend what it finds. */
import { type Config, serverUrl } from '../config.ts'
import { CHECKS, type Finding } from './doctor-checks.ts'
import { type MachineView, thisMachine } from './doctor-machine.ts'
import { EXIT } from './exit-codes.ts'
import { plain } from './terminal.ts'
import { whoAnswers } from './who-answers.ts'
import { inWords } from './words.ts'

/** Prints the findings; the exit code is 1 where one is a problem. */
export async function doctor(config: Config, { json }: { json: boolean }): Promise<number> {
  const findings = await examine(config, thisMachine())
  const problems = findings.filter(({ level }) => level === 'problem').length
  process.stdout.write(
    json
      ? `${JSON.stringify({ ok: problems === 0, findings }, null, 2)}\n`
      : render(findings, serverUrl(config.host, config.port)),
  )
  return problems === 0 ? EXIT.ok : EXIT.failed
}

/** Every check on this machine, in the order of the list. Never fails, and changes nothing. */
export async function examine(config: Config, machine: MachineView): Promise<Finding[]> {
  const situation = { config, machine, answering: await whoAnswers(config) }
  return Promise.all(
    CHECKS.map(async ({ name, run }) => {
      try {
        return { check: name, ...(await run(situation)) }
      } catch (error) {
        return {
          check: name,
          level: 'problem' as const,
          says: `This could not be checked: ${error instanceof Error ? error.message : error}.`,
          next: 'Run the doctor as the user that runs the server.',
        }
      }
    }),
  )
}

function render(findings: readonly Finding[], url: string): string {
  const lines = findings.flatMap(({ check, level, says, next }) => [
    `${level.padEnd(9)}${check.padEnd(12)} ${plain(says)}`,
    ...(next === null ? [] : [`${' '.repeat(21)} → ${inWords(plain(next), url)}`]),
  ])
  const count = (level: Finding['level'], one: string) => {
    const n = findings.filter((finding) => finding.level === level).length
    return n === 0 ? [] : [`${n} ${one}${n === 1 ? '' : 's'}`]
  }
  const sum = [...count('problem', 'problem'), ...count('warning', 'warning')].join(', ')
  return `${lines.join('\n')}\n\n${sum === '' ? 'Everything is fine.' : `${sum}.`}\n`
}
