/** What a server uses must not grow: through many starts and stops of its session (G13), and in idle hours (G12). */
import { mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStage, type Stage, waitForStatus } from './stage.ts'

/** What the server uses after a round, without garbage. `memoryMb` is the resident memory of its process, without the browser's. */
export type Use = {
  heapMb: number
  memoryMb: number
  openFiles: number
  /** What keeps its event loop busy: timers, sockets, pipes. */
  handles: number
  temporaryFiles: number
}

/** `growth`: the most that each may grow from the first to the last round. `most`: what none may exceed. */
export type Limits = { growth: Partial<Use>; most?: Partial<Use> }

export type FlatRunOptions = {
  rounds: number
  /** What happens before each sample, with a session that is ready. */
  round(stage: Stage): Promise<unknown>
  limits: Limits
  say(line: string): void
}

export type FlatRun = {
  uses: Use[]
  /** From the first to the last round, as the line that fits best. */
  growth: Use
  problems: string[]
}

const COLLECT = new URL('./collect-garbage.mjs', import.meta.url).href
const COLLECTED_MS = 1_000
const STEP_MS = 60_000
/** The share of rounds in which caches fill. */
const WARM_UP = 0.1

/** Rejects if a round does. */
export async function flatRun({ rounds, round, limits, say }: FlatRunOptions): Promise<FlatRun> {
  const stage = await openStage(1)
  try {
    await stage.linkForGood()
    await stage.stop()
    const temporary = join(dirname(stage.authDir), 'tmp')
    mkdirSync(temporary)
    stage.start({ env: { TMPDIR: temporary }, imports: [COLLECT] })
    await stage.synced()
    const uses: Use[] = []
    for (let done = 0; done < rounds; done += 1) {
      await round(stage)
      const use = await useOf(stage, temporary)
      uses.push(use)
      say(`${done + 1}: ${toText(use)}`)
    }
    const left = await stage.stop()
    const { growth, problems } = judge(uses, limits)
    const errors = [...stage.errors()].map(([text, times]) => `logged ${times} times: ${text}`)
    if (left > 0) problems.push(`${left} browser processes are left`)
    return { uses, growth, problems: [...problems, ...errors] }
  } finally {
    await stage.close()
  }
}

/** Stops the session and starts it again. */
export async function stopAndStart(stage: Stage): Promise<void> {
  await stage.server().post('/api/accounts/default/stop')
  await waitForStatus(stage, STEP_MS, ({ state }) => state === 'stopped')
  await stage.server().post('/api/auth/start')
  await waitForStatus(stage, STEP_MS, ({ state, connected }) => state === 'ready' && connected)
}

/** Compares what was used with the limits, without the rounds of the warm-up. */
export function judge(uses: readonly Use[], { growth: mayGrow, most = {} }: Limits): Omit<FlatRun, 'uses'> {
  const warm = uses.slice(Math.ceil(uses.length * WARM_UP))
  const growth = mapUse((name) => growthOf(warm.map((use) => use[name])))
  const peak = mapUse((name) => Math.max(...uses.map((use) => use[name])))
  const over = (found: Use, limits: Partial<Use>, says: string) =>
    NAMES.filter((name) => found[name] > (limits[name] ?? Number.POSITIVE_INFINITY)).map(
      (name) => `${name} ${says} ${found[name].toFixed(1)}, at most ${limits[name]} is promised`,
    )
  return { growth, problems: [...over(growth, mayGrow, 'grew by'), ...over(peak, most, 'was')] }
}

export const toText = (use: Use) => NAMES.map((name) => `${name} ${Number(use[name].toFixed(1))}`).join(', ')

const NAMES = [
  'heapMb',
  'memoryMb',
  'openFiles',
  'handles',
  'temporaryFiles',
] as const satisfies (keyof Use)[]

const mapUse = (of: (name: keyof Use) => number): Use => ({
  heapMb: of('heapMb'),
  memoryMb: of('memoryMb'),
  openFiles: of('openFiles'),
  handles: of('handles'),
  temporaryFiles: of('temporaryFiles'),
})

/** Returns the rise of the line with the least squares, from the first to the last value. */
function growthOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const squares = values.reduce((sum, _, index) => sum + (index - middle) ** 2, 0)
  const products = values.reduce((sum, value, index) => sum + (index - middle) * value, 0)
  return squares === 0 ? 0 : (products / squares) * (values.length - 1)
}

async function useOf(stage: Stage, temporary: string): Promise<Use> {
  const { pid, url } = stage.server()
  process.kill(pid, 'SIGUSR2')
  await sleep(COLLECTED_MS)
  const text = await (await fetch(`${url()}/metrics`)).text()
  const metric = (name: string) => {
    const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(text) ?? []
    if (value === undefined) throw new Error(`/metrics has no ${name}`)
    return Number(value)
  }
  return {
    heapMb: metric('nodejs_heap_size_used_bytes') / 2 ** 20,
    memoryMb: metric('process_resident_memory_bytes') / 2 ** 20,
    openFiles: metric('process_open_fds'),
    handles: metric('nodejs_active_resources_total'),
    temporaryFiles: readdirSync(temporary).length,
  }
}
