/** The memory of a process and of all processes below it, as the operating system counts it now. */
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

type Process = { pid: number; parent: number; bytes(): Promise<number> }

/**
 * Returns bytes; null if the system does not tell, or the process has ended. Linux: the proportional set size, which
 * counts shared pages once; elsewhere the resident set size. Never fails.
 */
export async function memoryOfTree(root: number): Promise<number | null> {
  try {
    const all = await (process.platform === 'linux' ? readProc() : readPs())
    const tree = all.filter(({ pid }) => pid === root)
    for (const { pid } of tree) tree.push(...all.filter(({ parent }) => parent === pid))
    const parts = await Promise.all(tree.map(({ bytes }) => bytes()))
    return parts.reduce((sum, bytes) => sum + bytes, 0) || null
  } catch {
    return null
  }
}

async function readProc(): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  return Promise.all(
    pids.map(async (pid) => {
      const stat = await readOr(`/proc/${pid}/stat`)
      // The name, in parentheses, may contain anything (man 5 proc_pid_stat).
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      return { pid: Number(pid), parent, bytes: () => bytesOf(pid) }
    }),
  )
}

/** A kernel without `smaps_rollup`, or one that does not let it be read, has the resident set size. */
async function bytesOf(pid: string): Promise<number> {
  const pss = /^Pss:\s+(\d+) kB/m.exec(await readOr(`/proc/${pid}/smaps_rollup`))
  const found = pss ?? /^VmRSS:\s+(\d+) kB/m.exec(await readOr(`/proc/${pid}/status`))
  return Number(found?.[1] ?? 0) * 1024
}

/** Not on Windows: there is no `ps`. */
async function readPs(): Promise<Process[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axo', 'pid=,ppid=,rss='], { timeout: 5_000 })
  return stdout.split('\n').flatMap((line) => {
    const [pid, parent, kb] = line.trim().split(/\s+/).map(Number)
    if (pid === undefined || parent === undefined || kb === undefined) return []
    return [{ pid, parent, bytes: async () => kb * 1024 }]
  })
}

/** The processes come and go while they are read. */
function readOr(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}
