/** `whatsapp-mcp-api stop`: stops the server of a session directory, even if an MCP client started it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config.ts'
import { isAlive } from '../is-alive.ts'
import type { Status } from '../model/status.ts'
import { ApiError, openApi } from './client.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { isSameDirectory, type Running, runningIn } from './running.ts'
import { jsonLines, printable } from './terminal.ts'

/** A server stops within 19 s, including its browser. */
const END_MS = 25_000
/** The time from locking the directory to listening. */
const LISTEN_MS = 3_000
const LOOK_EVERY_MS = 50

/**
 * Stops the server of this directory and waits until its process has ended. Does nothing if no server runs. Signals only a
 * process that holds the directory's lock and responds as our server of this directory.
 * @throws CommandError if the process that holds the lock does not respond as such a server, or does not end
 */
export async function stop(
  { authDir }: Pick<Config, 'authDir'>,
  { json }: { json: boolean },
): Promise<number> {
  const pid = await end(authDir)
  const facts = { ok: true, stopped: pid !== null, auth_dir: authDir, ...(pid === null ? {} : { pid }) }
  const says =
    pid === null
      ? `No server uses ${printable(authDir)}.`
      : `Stopped the server of ${printable(authDir)} (process ${pid}).`
  process.stdout.write(json ? jsonLines(facts) : `${says}\n`)
  return EXIT.ok
}

/** Resolves with the id of the process that has ended; null if there was none. */
async function end(authDir: string): Promise<number | null> {
  const first = runningIn(authDir)
  if (first === null) return null
  const { pid, host } = first
  if (host !== null)
    throw new CommandError(
      `The server of ${printable(authDir)} runs on another computer, ${printable(host)} (process ${pid}).`,
      'Stop the server there.',
      EXIT.failed,
    )
  const begun = Date.now()
  let isAsked = false
  for (let now: Running | null = first; now?.pid === pid; now = runningIn(authDir)) {
    if (!isAsked && now.addresses !== null) {
      const answering = await whoIs(now.addresses.url, authDir)
      if (answering === 'another') throw notKnown(authDir, pid)
      isAsked = answering === 'ours' && askToEnd(pid)
    }
    const mayTakeMs = now.addresses === null && !isAsked ? LISTEN_MS : END_MS
    if (Date.now() - begun > mayTakeMs) throw isAsked ? notEnded(authDir, pid) : notKnown(authDir, pid)
    await sleep(LOOK_EVERY_MS)
  }
  // The process deletes the lock just before it ends.
  for (const until = begun + END_MS; isAlive(pid) && Date.now() < until; ) await sleep(LOOK_EVERY_MS)
  return pid
}

/** Returns what responds at the URL: our server of this directory, another program, or nothing (a stopping server). */
async function whoIs(url: string, authDir: string): Promise<'ours' | 'another' | 'nothing'> {
  try {
    const { auth_dir } = await openApi({ url, isNamed: false }).get<Status>('/api/status')
    return isSameDirectory(auth_dir, authDir) ? 'ours' : 'another'
  } catch (error) {
    // A server of this user, at the URL that the process of the directory wrote.
    if (error instanceof ApiError && error.problem.code === 'key_required') return 'ours'
    return 'nothing'
  }
}

/** True if the process received the signal; it may have ended in the meantime. */
function askToEnd(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGTERM')
  } catch {
    return false
  }
}

function notEnded(authDir: string, pid: number): CommandError {
  return new CommandError(
    `The server of ${printable(authDir)} (process ${pid}) did not stop within ${END_MS / 1_000} s.`,
    `Check process ${pid}, and run "whatsapp-mcp-api doctor".`,
    EXIT.failed,
  )
}

function notKnown(authDir: string, pid: number): CommandError {
  return new CommandError(
    `Process ${pid} uses ${printable(authDir)}, but does not respond as its server. It was not stopped.`,
    `It may be an archive command, which ends without help. If process ${pid} is a server that hangs, end it yourself.`,
    EXIT.failed,
  )
}
