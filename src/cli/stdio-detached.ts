/** Starts a server that outlives this process: without a terminal or pipes, with its output in its own file. */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { makeFolder } from '../make-folder.ts'
import { placesIn } from '../session/auth-dir.ts'
import { EXIT } from './exit-codes.ts'
import { mainScript } from './project-root.ts'
import { MAX_LOG_BYTES } from './rotating-log.ts'
import { PipeFailure } from './stdio-failure.ts'

/** How the server ended. `isTaken`: another server uses its port or its directory. */
export type Ended = { isTaken: boolean; says: string; log: string }

export type Detached = {
  /** Absolute path of the log. Only its owner can read it. */
  log: string
  /** Null while the server runs. */
  ended(): Ended | null
}

export type DetachedOptions = { authDir: string; serveArgs: string[]; cwd: string }

/** Starts the server and returns at once. @throws PipeFailure if its directory is not writable */
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
        lastWords(log, begunAt) ?? `it exited with ${code ?? signal}.`,
      ),
    )
    child.unref()
    return { log, ended: () => ended }
  } finally {
    closeSync(fd)
  }
}

/** Opens the log for writing. Also creates the folder that the server runs in. */
function openLog(authDir: string, cwd: string): { log: string; fd: number; begunAt: number } {
  const { own, log } = placesIn(authDir)
  try {
    for (const folder of [own, cwd]) makeFolder(folder, 0o700)
    const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0
    if (size > MAX_LOG_BYTES) renameSync(log, `${log}.old`)
    // Opened for appending: if two servers start at once, the one that ends must not truncate the other's log.
    const fd = openSync(log, 'a', 0o600)
    return { log, fd, begunAt: size > MAX_LOG_BYTES ? 0 : size }
  } catch (error) {
    throw new PipeFailure(
      'server_unreachable',
      `The server cannot be started: ${error instanceof Error ? error.message : error}.`,
      'Make the directory writable for this user, or choose another directory in WHATSAPP_AUTH_DIR (--auth-dir).',
    )
  }
}

/** Returns the last line for people since the start; null if there is none, or no log. Lines of the log itself are JSON. */
function lastWords(log: string, begunAt: number): string | null {
  try {
    const lines = readFileSync(log).subarray(begunAt).toString().split('\n')
    return lines.filter((line) => line.trim() !== '' && !line.startsWith('{')).at(-1) ?? null
  } catch {
    return null
  }
}
