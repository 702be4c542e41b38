/** Whether a process runs. */
import { codeOf } from './error-code.ts'

/** True if a process has this pid, whichever user it belongs to. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // EPERM: the process runs as another user.
    return codeOf(error) === 'EPERM'
  }
}
