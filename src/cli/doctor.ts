/** `whatsapp-mcp-api doctor`: looks at everything a start needs, and says how to mend what it finds. */
import { type Config, serverUrl } from '../config.ts'
import type { Status } from '../model/status.ts'
import { ApiError, openApi } from './client.ts'
import { type Answering, CHECKS, type Finding } from './doctor-checks.ts'
import { type MachineView, thisMachine } from './doctor-machine.ts'
import { EXIT } from './exit-codes.ts'
import { plain } from './terminal.ts'

/** A server that does not answer within this time counts as something else on its port. */
const ANSWER_MS = 5_000

/** Prints the findings; the exit code is 1 where one is a problem. */
export async function doctor(config: Config, { json }: { json: boolean }): Promise<number> {
  const findings = await examine(config, thisMachine())
  const problems = findings.filter(({ level }) => level === 'problem').length
  process.stdout.write(
    json ? `${JSON.stringify({ ok: problems === 0, findings }, null, 2)}\n` : render(findings),
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

async function whoAnswers({ host, port }: Config): Promise<Answering> {
  if (port === 0) return { who: 'nobody_of_ours' }
  try {
    const api = openApi({ url: serverUrl(host, port), isNamed: true })
    const card = await api.get<{ status?: Status }>('/', ANSWER_MS)
    return card.status !== undefined ? { who: 'server', status: card.status } : { who: 'nobody_of_ours' }
  } catch (error) {
    if (error instanceof ApiError && error.problem.code === 'other_user') return { who: 'other_user' }
    return { who: 'nobody_of_ours' }
  }
}

function render(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ check, level, says, next }) => [
    `${level.padEnd(9)}${check.padEnd(12)} ${plain(says)}`,
    ...(next === null ? [] : [`${' '.repeat(21)} → ${plain(next)}`]),
  ])
  const count = (level: Finding['level'], one: string) => {
    const n = findings.filter((finding) => finding.level === level).length
    return n === 0 ? [] : [`${n} ${one}${n === 1 ? '' : 's'}`]
  }
  const sum = [...count('problem', 'problem'), ...count('warning', 'warning')].join(', ')
  return `${lines.join('\n')}\n\n${sum === '' ? 'Everything is fine.' : `${sum}.`}\n`
}
