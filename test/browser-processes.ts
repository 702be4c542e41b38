/** The browser from the outside: which processes run on an auth directory (Linux only, as in CI). */
import { readdirSync, readFileSync } from 'node:fs'

export type BrowserProcess = { pid: number; type: 'browser' | 'renderer' | 'other' }

/** Every live process whose command line names this directory's profile, or that belongs to the group of one that does. */
export function browserProcesses(authDir: string): BrowserProcess[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), line: read(`/proc/${name}/cmdline`), group: groupOf(name) }))
    .filter(({ line }) => line !== '')
  const named = all.filter(({ line }) => line.includes(`--user-data-dir=${authDir}`))
  // A headless shell does not tell its helpers the profile; puppeteer starts each browser as a group of its own.
  const groups = new Set(named.filter(({ pid, group }) => pid === group).map(({ group }) => group))
  return all
    .filter((one) => named.includes(one) || groups.has(one.group))
    .map(({ pid, line }) => {
      const type = /--type=([\w-]+)/.exec(line)?.[1]
      return { pid, type: type === undefined ? 'browser' : type === 'renderer' ? 'renderer' : 'other' }
    })
}

function groupOf(pid: string): number {
  const stat = read(`/proc/${pid}/stat`)
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2])
}

/** What each of these processes has inherited; of one that has just ended nothing is left to read. */
export function browserEnvironments(authDir: string): string[] {
  return browserProcesses(authDir).map(({ pid }) => read(`/proc/${pid}/environ`))
}

/** The one process that is the browser itself; throws if none runs. */
export function browserPid(authDir: string): number {
  const found = browserProcesses(authDir).find(({ type }) => type === 'browser')
  if (found === undefined) throw new Error('no browser runs')
  return found.pid
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
