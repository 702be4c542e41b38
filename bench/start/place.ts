/** A fresh double with a fresh session folder, and a browser that takes the one for WhatsApp. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSimulator } from '../../simulator/open-simulator.ts'
import { loadPageScript } from '../../simulator/service/page-script.ts'
import type { BuildName, Pace, Simulator, World } from '../../simulator/simulator.ts'
import { type Contestant, type ContestantName, startContestant } from './contestants.ts'

export type Stage = {
  /** The double's world, as of the last start. */
  world(): World
  /**
   * Start the contestant, on the same session folder each time. The double is opened anew too, on its kept state: so the
   * delays of a second start do not depend on how many were drawn in the first.
   */
  start(): Promise<Contestant>
  /** End what was started and close the double. */
  close(): Promise<void>
}

export type Stages = {
  /** The same seed gives both contestants the same world and the same delays. */
  open(options: {
    name: ContestantName
    build: BuildName
    pace: Pace
    seed: number
    /** As in `Place`. */
    server?: string
    env?: Record<string, string>
  }): Promise<Stage>
  /** Close every stage that is still open and remove every folder. Safe to call twice. */
  close(): Promise<void>
}

/** @param browser absolute path of the browser to drive */
export async function openStages(browser: string): Promise<Stages> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-start-'))
  const open = new Set<Stage>()
  let count = 0
  let closing: Promise<void> | null = null
  const requireOpen = () => {
    if (closing !== null) throw new Error('the benchmark was ended')
  }
  // Running from source, the first page would wait for its script to be bundled.
  await loadPageScript()
  return {
    async open({ name, server, env = {}, ...simulated }) {
      requireOpen()
      count += 1
      const cwd = join(folder, String(count))
      const authDir = join(cwd, 'session')
      mkdirSync(authDir, { recursive: true, mode: 0o700 })
      const dataDir = join(cwd, 'double')
      mkdirSync(dataDir, { mode: 0o700 })
      let simulator: Simulator | null = null
      const started: Contestant[] = []
      const stage: Stage = {
        world() {
          if (simulator === null) throw new Error('nothing was started')
          return simulator.world
        },
        async start() {
          await simulator?.close()
          simulator = null
          const opened = await openSimulator({ dataDir, control: null, ...simulated })
          // Ended meanwhile: nobody would close this one any more.
          if (closing !== null) await opened.close()
          requireOpen()
          simulator = opened
          const contestant = startContestant(name, {
            cwd,
            authDir,
            browser: writeBrowser(cwd, browser, opened.chromiumArgs),
            env,
            ...(server === undefined ? {} : { server }),
          })
          started.push(contestant)
          return contestant
        },
        async close() {
          if (!open.delete(stage)) return
          await Promise.all(started.map((contestant) => contestant.end()))
          await simulator?.close()
          remove(cwd)
        },
      }
      open.add(stage)
      return stage
    },
    close() {
      closing ??= (async () => {
        await Promise.all([...open].map((stage) => stage.close()))
        remove(folder)
      })()
      return closing
    },
  }
}

/**
 * The browser with the double's arguments, as a program of its own: so the server runs as people run it, and both
 * contestants get the same arguments. The shell is replaced by the browser at once.
 */
export function writeBrowser(folder: string, browser: string, args: readonly string[]): string {
  const path = join(folder, 'browser')
  const quoted = [browser, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`)
  const [program, ...rest] = quoted
  writeFileSync(path, `#!/bin/sh\nexec ${program} "$@" ${rest.join(' ')}\n`)
  chmodSync(path, 0o700)
  return path
}

/** A browser that is just closing still writes. */
function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}
