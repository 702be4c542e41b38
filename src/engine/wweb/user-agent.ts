/** What the browser calls itself: without a window it would say "HeadlessChrome" to every server. */
import { execFile } from 'node:child_process'
import { childEnvironment } from '../../child-environment.ts'

/** A browser prints its version in tens of milliseconds. */
const VERSION_MS = 5_000

/** The same on every machine with this system (Chromium, "User-Agent Reduction"). */
const SYSTEMS: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'X11; Linux x86_64',
  darwin: 'Macintosh; Intel Mac OS X 10_15_7',
}

/**
 * The user agent of this browser with a window, for its command line: only there it holds for workers too, and the client hints
 * stay. Null if the browser does not print its version; on Windows it would open a window instead.
 */
export async function userAgentWithWindow(executablePath: string): Promise<string | null> {
  const system = SYSTEMS[process.platform]
  if (system === undefined) return null
  const printed = await new Promise<string>((resolve) => {
    const options = { timeout: VERSION_MS, killSignal: 'SIGKILL', env: childEnvironment() } as const
    execFile(executablePath, ['--version'], options, (_, stdout) => resolve(stdout))
  })
  const major = /(\d+)(?:\.\d+){3}/.exec(printed)?.[1]
  if (major === undefined) return null
  const edge = printed.includes('Edge') ? ` Edg/${major}.0.0.0` : ''
  return `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${major}.0.0.0 Safari/537.36${edge}`
}
