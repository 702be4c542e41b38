import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { systemClock } from '../clock.ts'
import { isAlive } from '../is-alive.ts'
import { runCommand } from './command.ts'

it.skipIf(process.platform === 'win32')(
  'ends what a command started, also if that ignores SIGTERM, when its rule stops',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'wma-command-'))
    const file = join(dir, 'pid')
    const stop = new AbortController()
    try {
      const script = `(trap "" TERM; exec sleep 300) & echo $! > ${file}; wait`
      const outcome = runCommand('{}', {
        command: ['/bin/sh', '-c', script],
        timeoutMs: 60_000,
        signal: stop.signal,
        clock: systemClock,
      })
      const started = () => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0)
      await vi.waitFor(() => expect(started()).toBeGreaterThan(0), 10_000)
      const pid = started()
      // It must ignore the signal before that comes.
      await vi.waitFor(() => expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('sleep\n'), 10_000)
      stop.abort()
      expect(await outcome).toBeNull()
      await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 10_000)
    } finally {
      rmSync(dir, { recursive: true })
    }
  },
)
