/** What work costs here, whatever else the machine does meanwhile. */
import { readFileSync } from 'node:fs'

/**
 * CPU time of this process's main thread so far, in ms: the app and its test run on it, and each waits while the other uses it. Where
 * the system does not tell (only Linux does), that of all threads, which is more.
 */
export function cpuMs(): number {
  try {
    // Nanoseconds on a CPU (Documentation/scheduler/sched-stats.rst in Linux).
    return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]) / 1e6
  } catch {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000
  }
}

/** CPU time in ms from a request to its response: how long the response was kept waiting by work, its own and any other. */
export async function cpuMsOf(request: () => Promise<unknown>): Promise<number> {
  const from = cpuMs()
  await request()
  return cpuMs() - from
}
