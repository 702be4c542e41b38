/** The browser from the outside: which processes run on an auth directory (Linux only, as in CI). */
import { readdirSync, readFileSync } from 'node:fs'

export type BrowserProcess = { pid: number; type: 'browser' | 'renderer' | 'other' }

/** Every live process whose command line names this directory's profile. */
export function browserProcesses(authDir: string): BrowserProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const line = read(`/proc/${name}/cmdline`)
      if (!line.includes(`--user-data-dir=${authDir}`)) return []
      const type = /--type=([\w-]+)/.exec(line)?.[1]
      return [
        {
          pid: Number(name),
          type: type === undefined ? 'browser' : type === 'renderer' ? 'renderer' : 'other',
        },
      ]
    })
}

/** The one process that is the browser itself; throws where none runs. */
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
