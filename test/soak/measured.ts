/** The figures of docs/promises.md: a run adds its own with `--note`, and nobody else writes them. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'

const FILE = join(import.meta.dirname, '../../docs/measured.json')

/** `at`: the day. `on`: the computer. */
export type Measured = { figure: string; at: string; commit: string; on: string }

/** Returns the last figure of each command. */
export function readMeasured(): Record<string, Measured> {
  return JSON.parse(readFileSync(FILE, 'utf8'))
}

/** Keeps the figure that this command has measured just now. */
export function note(command: string, figure: string): void {
  const measured: Measured = {
    figure,
    at: new Date().toISOString().slice(0, 10),
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
    on: `${process.platform}, ${cpus().length} cores, Node ${process.versions.node}`,
  }
  writeFileSync(FILE, `${JSON.stringify({ ...readMeasured(), [command]: measured }, null, 2)}\n`)
}
