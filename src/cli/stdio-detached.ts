/** A server that outlives whoever starts it: no terminal, no pipes, its output in a file of its own. */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { makeFolder } from '../make-folder.ts'
import { placesIn } from '../session/auth-dir.ts'
import { EXIT } from './exit-codes.ts'
import { mainScript } from './project-root.ts'
import { MAX_LOG_BYTES } from './rotating-log.ts'
import { PipeFailure } from './stdio-failure.ts'

/** How it ended. `isTaken`: since another server has its port or its directory. */
export type Ended = { isTaken: boolean; says: string; log: string }

export type Detached = {
  /** Absolute path of its log, readable by its owner alone. */
  log: string
  /** Null as long as it runs. */
  ended(): Ended | null
}

export type DetachedOptions = { authDir: string; serveArgs: string[]; cwd: string }

/** Starts it; it is not waited for. @throws PipeFailure where its directory cannot be written */
export function startDetached({ authDir, serveArgs, cwd }: DetachedOptions): Detached {
  const { log, fd, begunAt } = openLog(authDir, cwd)
  try {
    const child = spawn(process.execPath, [mainScript(), ...serveArgs], {
      cwd,
      detached: true,
      stdio: ['ignore', fd, fd],
      windowsHide: true,
    })
    let ended: Ended | null = null
    const end = (isTaken: boolean, says: string) => {
      ended ??= { isTaken, says, log }
    }
    child.once('error', ({ message }) => end(false, `${message}.`))
    child.once('exit', (code, signal) =>
      end(
        code === EXIT.directory || code === EXIT.port,
        lastWords(log, begunAt) ?? `it ended with ${code ?? signal}.`,
      ),
    )
    child.unref()
    return { log, ended: () => ended }
  } finally {
    closeSync(fd)
  }
}

/** Its log, to be written to; the folder that it runs in is made too. */
function openLog(authDir: string, cwd: string): { log: string; fd: number; begunAt: number } {
  const { own, log } = placesIn(authDir)
  try {
    for (const folder of [own, cwd]) makeFolder(folder, 0o700)
    const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0
    if (size > MAX_LOG_BYTES) renameSync(log, `${log}.old`)
    // Appended to: of two that start at once, the one that loses must not take the other's log away.
    const fd = openSync(log, 'a', 0o600)
    return { log, fd, begunAt: size > MAX_LOG_BYTES ? 0 : size }
  } catch (error) {
    throw new PipeFailure(
      'server_unreachable',
      `A server cannot be started: ${error instanceof Error ? error.message : error}.`,
      'Make the directory writable for this user, or choose another one in WHATSAPP_AUTH_DIR (--auth-dir).',
    )
  }
}

/** What it said for people since then: the last line that is not of the log proper, which is JSON. */
function lastWords(log: string, begunAt: number): string | null {
  const lines = readFileSync(log).subarray(begunAt).toString().split('\n')
  return lines.filter((line) => line.trim() !== '' && !line.startsWith('{')).at(-1) ?? null
}
