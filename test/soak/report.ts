/** What a kill run found, for people. */
import type { KillRun } from './kill-run.ts'

/** Nothing lost, doubled, disordered or left behind. */
export function wasClean({ faults, orphans }: KillRun): boolean {
  return orphans === 0 && Object.values(faults).every((count) => count === 0)
}

export function toTable(name: string, run: KillRun): string {
  const rows: [string, string | number][] = [
    ['messages expected / kept', `${run.expected} / ${run.kept}`],
    ...Object.entries(run.faults),
    ['orphan browsers', run.orphans],
    ['events, late ones among them', `${run.told}, ${run.late}`],
    ['killed before ready again', run.killedStarting],
    ['browser: kill to ready', toPercentiles(run.browserRecoveries)],
    ['server: start to ready', toPercentiles(run.serverRecoveries)],
    ['duration', `${Math.round(run.durationMs / 1000)} s`],
    ...[...run.errors].map(([text, times]): [string, number] => [`error: ${text}`, times]),
  ]
  const lines = rows.map(([what, value]) => `  ${what.padEnd(32)} ${value}`)
  const problems = run.problems.map((problem) => `  ! ${problem}`)
  return [`${name}: ${wasClean(run) ? 'clean' : 'NOT CLEAN'}`, ...lines, ...problems].join('\n')
}

/** The run as one sentence, for docs/promises.md. */
export function toFigure(run: KillRun): string {
  const browser = toPercentiles(run.browserRecoveries)
  return `${run.kept} of ${run.expected} kept, ${wasClean(run) ? 'clean' : 'not clean'}; browser ready again after ${browser}`
}

/** @param ascending in ms */
export function toPercentiles(ascending: readonly number[]): string {
  const at = (share: number) => ascending[Math.ceil(share * ascending.length) - 1]
  const seconds = (ms: number | undefined) => (ms === undefined ? '-' : `${(ms / 1000).toFixed(1)} s`)
  return `p50 ${seconds(at(0.5))}, p95 ${seconds(at(0.95))}, most ${seconds(ascending.at(-1))} (${ascending.length})`
}
