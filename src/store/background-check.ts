/**
 * Checks the file of an open archive in another process while it is read and written. Not in a thread: libsql 0.5.29 aborts the
 * whole process if a thread ends during a call, and a call on a damaged file may end its process.
 */
import { fork } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { CheckReason, Finding } from './check.ts'
import type { FileKey } from './key-file.ts'
import { threadScript } from './thread-script.ts'

/** An open archive. `identity` as of open-file.ts, when it was opened: a file that replaced it is not checked. */
export type CheckedFile = { file: string; key: FileKey | null; identity: string }
export type CheckRequest = CheckedFile & { reason: CheckReason }
export type CheckReply = Finding

/**
 * Starts the check, at the lowest priority.
 * @param done called once: with the result, or null if there is none, as when the process was ended
 * @returns ends the check at once, without calling `done`
 * @throws the operating system's error if it has no memory for another process
 */
export function startBackgroundCheck(
  archive: CheckedFile,
  reason: CheckReason,
  done: (finding: Finding | null) => void,
): () => void {
  const child = fork(fileURLToPath(threadScript('check-process')), [], {
    execArgv: [],
    env: withoutSettings(process.env),
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  let isOver = false
  function end(finding: Finding | null): void {
    if (isOver) return
    isOver = true
    done(finding)
  }
  child.once('message', (finding: CheckReply) => end(finding))
  child.once('error', () => end(null))
  child.once('exit', () => end(null))
  if (child.pid !== undefined) {
    try {
      setPriority(child.pid, constants.priority.PRIORITY_LOW)
    } catch {
      // It has ended already, or the system has no priorities.
    }
    child.send({ ...archive, reason } satisfies CheckRequest, () => {})
  }
  // A program that has nothing else to do ends.
  child.unref()
  child.channel?.unref()
  return () => {
    isOver = true
    child.kill('SIGKILL')
  }
}

/** What a process needs to run, such as the path of libraries; the key is not part of it, and comes in the message. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(WHATSAPP_|NODE_OPTIONS$)/.test(name)))
}
