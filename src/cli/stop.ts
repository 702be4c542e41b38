/** `whatsapp-mcp-api stop`: ends the server that uses a session directory, whoever started it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config.ts'
import type { Status } from '../model/status.ts'
import { openApi } from './client.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { isSamePlace, type Running, runningIn } from './running.ts'
import { plain } from './terminal.ts'

/** A server ends within 19 s, its browser included. */
const END_MS = 25_000
/** From taking the directory to listening. */
const LISTEN_MS = 3_000
const LOOK_EVERY_MS = 50

/**
 * Stops the server of this directory and waits until its process is gone; without one there is nothing to do. Only a
 * process is signalled that holds the directory's lock and answers there as our server of this directory.
 * @throws CommandError where what holds the directory is not known to be such a server, or does not end
 */
export async function stop(
  { authDir }: Pick<Config, 'authDir'>,
  { json }: { json: boolean },
): Promise<number> {
  const pid = await end(authDir)
  const facts = { ok: true, stopped: pid !== null, auth_dir: authDir, ...(pid === null ? {} : { pid }) }
  const says =
    pid === null
      ? `No server uses ${plain(authDir)}.`
      : `Stopped the server of ${plain(authDir)} (process ${pid}).`
  process.stdout.write(json ? `${JSON.stringify(facts, null, 2)}\n` : `${says}\n`)
  return EXIT.ok
}

/** Resolves with the process that has ended; null where there was none. */
async function end(authDir: string): Promise<number | null> {
  const first = runningIn(authDir)
  if (first === null) return null
  const { pid, host } = first
  if (host !== null)
    throw new CommandError(
      `The server of ${plain(authDir)} runs on the computer ${plain(host)} (process ${pid}).`,
      'Stop it there.',
      EXIT.failed,
    )
  const begun = Date.now()
  let isAsked = false
  for (let now: Running | null = first; now?.pid === pid; now = runningIn(authDir)) {
    if (!isAsked && now.addresses !== null) {
      const answering = await whoIs(now.addresses.url, authDir)
      if (answering === 'another') throw notKnown(authDir, pid)
      isAsked = answering === 'ours' && process.kill(pid, 'SIGTERM')
    }
    const mayTakeMs = now.addresses === null && !isAsked ? LISTEN_MS : END_MS
    if (Date.now() - begun > mayTakeMs) throw isAsked ? notEnded(authDir, pid) : notKnown(authDir, pid)
    await sleep(LOOK_EVERY_MS)
  }
  // The lock goes just before the process.
  for (const until = begun + END_MS; isAlive(pid) && Date.now() < until; ) await sleep(LOOK_EVERY_MS)
  return pid
}

/** Who answers there: our server of this directory, something else, or nothing, as where a server is ending. */
async function whoIs(url: string, authDir: string): Promise<'ours' | 'another' | 'nothing'> {
  try {
    const { auth_dir } = await openApi({ url, isNamed: false }).get<Status>('/api/status')
    return isSamePlace(auth_dir, authDir) ? 'ours' : 'another'
  } catch {
    return 'nothing'
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function notEnded(authDir: string, pid: number): CommandError {
  return new CommandError(
    `The server of ${plain(authDir)} (process ${pid}) was told to stop, and did not end within ${END_MS / 1_000} s.`,
    `Look at process ${pid}; "whatsapp-mcp-api doctor" tells more.`,
    EXIT.failed,
  )
}

function notKnown(authDir: string, pid: number): CommandError {
  return new CommandError(
    `Process ${pid} uses ${plain(authDir)}, and does not answer as its server: it was not stopped.`,
    `It may be an archive command, which ends by itself. If you know that process ${pid} is a server that hangs, end it yourself.`,
    EXIT.failed,
  )
}
