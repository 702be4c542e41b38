/** Another day and time zone for a program and for everything that it starts, its browser included: libfaketime. Linux only. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const LIBRARY = 'faketime/libfaketime.so.1'

/**
 * The path of libfaketime. On Debian and its kin root installs it where it is missing. Throws a sentence that says how
 * to install it anywhere else.
 */
export function findFaketime(): string {
  if (process.platform !== 'linux')
    throw new Error('Other days need libfaketime, which is used on Linux only.')
  const found = installed()
  if (found !== undefined) return found
  if (!existsSync('/usr/bin/apt-get') || process.getuid?.() !== 0) {
    throw new Error('libfaketime is missing. Install the package libfaketime (apt-get install libfaketime).')
  }
  const apt = (...args: string[]) => execFileSync('apt-get', args, { stdio: ['ignore', 2, 2] })
  try {
    apt('install', '-y', 'libfaketime')
  } catch {
    // The lists of packages may be missing, as in a container image, or old.
    apt('update')
    apt('install', '-y', 'libfaketime')
  }
  const fresh = installed()
  if (fresh === undefined)
    throw new Error('The package libfaketime has no libfaketime.so.1 where it is looked for.')
  return fresh
}

/** Debian has a folder for each architecture, other systems have one or two. */
function installed(): string | undefined {
  const folders = ['/usr/lib', '/usr/lib64', '/usr/local/lib']
  const nested = readdirSync('/usr/lib').map((name) => join('/usr/lib', name))
  return [...folders, ...nested].map((folder) => join(folder, LIBRARY)).find((file) => existsSync(file))
}

/**
 * The environment in which it is now `aheadMs` later, and time goes on from there.
 *
 * The monotonic clock moves too: with FAKETIME_DONT_FAKE_MONOTONIC, libfaketime 0.9.10 takes waits on that clock for
 * waits on the other one, and Chromium hangs. The times of files stay the real ones: Node reads them by statx, which
 * libfaketime leaves alone, so NO_FAKE_STAT keeps the other calls to the same times.
 *
 * @param zone an IANA name, such as `Pacific/Kiritimati`
 */
export function fakeClockEnv(library: string, aheadMs: number, zone: string): Record<string, string> {
  const seconds = Math.round(aheadMs / 1000)
  return { LD_PRELOAD: library, FAKETIME: `+${seconds}`, NO_FAKE_STAT: '1', TZ: zone }
}

/** What a clock shows: Unix ms, and the minutes that UTC is ahead of local time. */
export type Reading = { now: number; offset: number }

const READ = '[Date.now(), new Date().getTimezoneOffset()].join(" ")'

/** Ask a Node and a page of the browser at `browser`, each started in `env`, what their clocks show. */
export function readClocks(
  env: Record<string, string>,
  browser: string,
  browserArgs: readonly string[],
): Record<'node' | 'page', Reading> {
  const ask = (program: string, args: string[]) =>
    toReading(
      execFileSync(program, args, {
        env: { ...process.env, ...env },
        timeout: 60_000,
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    )
  const profile = mkdtempSync(join(tmpdir(), 'wma-days-'))
  try {
    const page = `data:text/html,<script>document.write('[' + ${READ} + ']')</script>`
    return {
      node: ask(process.execPath, ['-p', `'[' + ${READ} + ']'`]),
      page: ask(browser, [...browserArgs, '--headless', `--user-data-dir=${profile}`, '--dump-dom', page]),
    }
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

function toReading(output: Buffer): Reading {
  const [, now, offset] = /\[(\d+) (-?\d+)\]/.exec(output.toString()) ?? []
  if (now === undefined) throw new Error('The program did not say what its clock shows.')
  return { now: Number(now), offset: Number(offset) }
}
