/** Process trees as Linux shows them in /proc: who is below whom, and what memory they cost. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** A process that cannot be mistaken for a later one with its pid. */
export type Known = { pid: number; startedTicks: string }

/** What a contestant costs, in MB of proportional set size: shared pages are counted in parts. */
export type Memory = { node: number; browser: number }

/** `root` and everything below it, root first. */
export function treeOf(root: number): Known[] {
  const below = new Map<number, Known[]>()
  const tree: Known[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const fields = statOf(Number(name))
    if (fields === null) continue
    const known = { pid: Number(name), startedTicks: fields[19] ?? '' }
    if (known.pid === root) tree.push(known)
    const parent = Number(fields[1])
    below.set(parent, [...(below.get(parent) ?? []), known])
  }
  for (const { pid } of tree) tree.push(...(below.get(pid) ?? []))
  return tree
}

/** Memory of a Node process and of the browser tree below it, as of now. */
export function readMemory(root: number): Memory {
  const [first, ...others] = treeOf(root).map(({ pid }) => pssOf(pid))
  return { node: first ?? 0, browser: others.reduce((sum, mb) => sum + mb, 0) }
}

/** Processor time that the living threads of a process have taken, in ms (man 5 proc_pid_schedstat). */
export function readCpuMs(pid: number): number {
  const times = readdirSync(`/proc/${pid}/task`).map((task) => read(`/proc/${pid}/task/${task}/schedstat`))
  return times.reduce((sum, text) => sum + Number(text.split(' ')[0] ?? 0) / 1e6, 0)
}

/** From now on the peak of {@link readResident} counts counts (man 5 proc_pid_clear_refs). */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** Resident memory of one process in MB: now, and the most since {@link resetPeak}. */
export function readResident(pid: number): { now: number; peak: number } {
  const status = read(`/proc/${pid}/status`)
  const field = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024
  return { now: field('VmRSS'), peak: field('VmHWM') }
}

/** End those of these processes that still live. */
export function killLeftovers(tree: readonly Known[]): void {
  for (const { pid, startedTicks } of tree) {
    if (statOf(pid)?.[19] !== startedTicks) continue
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended meanwhile.
    }
  }
}

/** The fields of /proc/<pid>/stat from the state on (man 5 proc_pid_stat), or null where there is none. */
function statOf(pid: number): string[] | null {
  const stat = read(`/proc/${pid}/stat`)
  return stat === '' ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function pssOf(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
