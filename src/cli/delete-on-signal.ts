/** What a command must not leave behind if a signal ends it. */
import { rmSync } from 'node:fs'

/** Deletes this file if a signal ends the process. */
export function deleteOnSignal(file: string): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => {
      rmSync(file, { force: true })
      // The listener is removed, so the signal now ends the process.
      process.kill(process.pid, name)
    })
  }
}
