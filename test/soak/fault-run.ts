/** The fault matrix: every fault in every state, with the times until it shows and until the session is well again. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { Status } from '../../src/model/status.ts'
import { FAULTS, type Fault, PLACES, type Place, RESTART } from './fault-table.ts'
import { toPercentiles } from './report.ts'
import { waitFor } from './server-process.ts'
import { openStage, type Stage, waitForStatus } from './stage.ts'

export type Cell = {
  fault: string
  state: string
  /** From the fault until the status shows it; null: it does not show. */
  detectedMs: number | null
  /** From the end of the fault until the session is ready, or a new QR code comes where no device is linked; null: never. */
  recoveredMs: number | null
  /** Whatever was not as it must be. */
  problems: string[]
}

export type FaultRunOptions = {
  /** Only faults and states whose name contains this. */
  only: string
  /** How often each is run. */
  times: number
  /** JSON lines: cells in it are not run again, and new ones are added. */
  file: string | null
  /** No cell begins after this. */
  limitMs: number
  /** The limits of time are multiplied by this. */
  slack: number
  say(line: string): void
}

/** Where the session is not `ready`, a fault may show late or not at all, and a start that hangs takes 90 s to end. */
const SHOWS_MS = 5_000
const STARTED_MS = 150_000
const ENTERED_MS = 40_000
/** The status is answered within 2 s in every state (G8). */
const ANSWER_MS = 2_000
const POLL_MS = 50

/** Returns all cells, those of the file among them. A cell that cannot be entered is one with a problem. */
export async function faultRun({ only, times, file, limitMs, slack, say }: FaultRunOptions): Promise<Cell[]> {
  const endsAt = Date.now() + limitMs
  const done: Cell[] =
    file === null || !existsSync(file)
      ? []
      : readFileSync(file, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
  const planned: { fault: string; facts: Fault; state: string; place: Place }[] = Object.entries(
    PLACES,
  ).flatMap(([state, place]) =>
    Object.entries(FAULTS)
      .filter(([fault, facts]) => isPossible(facts, place) && `${fault} ${state}`.includes(only))
      .flatMap(([fault, facts]) =>
        Array(Math.max(0, times - cellsOf(done, fault, state).length)).fill({ fault, facts, state, place }),
      ),
  )
  if (planned.length === 0) return done
  const stage = await openStage(1)
  try {
    stage.start()
    for (const { fault, facts, state, place } of planned) {
      if (Date.now() > endsAt) break
      const cell = { fault, state, ...(await runCell(stage, facts, place, slack)) }
      done.push(cell)
      if (file !== null) appendFileSync(file, `${JSON.stringify(cell)}\n`)
      say(toLine(cell))
    }
  } finally {
    await stage.close()
  }
  return done
}

const cellsOf = (cells: readonly Cell[], fault: string, state: string) =>
  cells.filter((cell) => cell.fault === fault && cell.state === state)

function isPossible({ needs }: Fault, { hasBrowser, isLinked }: Place): boolean {
  return needs === null || (needs === 'browser' ? hasBrowser : isLinked)
}

async function runCell(
  stage: Stage,
  fault: Fault,
  place: Place,
  slack: number,
): Promise<Omit<Cell, 'fault' | 'state'>> {
  const problems: string[] = []
  let detectedMs: number | null = null
  let recoveredMs: number | null = null
  const errors = new Map(stage.errors())
  let watch: ReturnType<typeof watchStatus> | null = null
  try {
    await toBase(stage, place.isLinked)
    await place.enter(stage)
    const before = await waitForStatus(stage, ENTERED_MS, ({ state }) => state === place.state)
    const isPromised = place.state === 'ready' && fault.detectS !== null
    watch = watchStatus(stage, before)
    await fault.cause(stage)
    detectedMs = await watch.shown(isPromised ? Number(fault.detectS) * 1_000 * slack : SHOWS_MS)
    if (isPromised && detectedMs === null) problems.push(`not shown within ${fault.detectS} s`)
    await fault.mend?.(stage)
    await place.leave?.(stage)
    const mendedAt = Date.now()
    const limitMs = slack * (place.state === 'ready' ? fault.recoverS * 1_000 : STARTED_MS)
    await toOutcome(stage, place.isLinked, fault.unlinks === true, limitMs)
    recoveredMs = Date.now() - mendedAt
    if (fault.relinks) await relink(stage)
    const slowest = fault.freezesServer ? 0 : watch.slowest()
    if (slowest > ANSWER_MS * slack) problems.push(`a status took ${slowest} ms`)
  } catch (error) {
    problems.push(String(error).slice(0, 300))
    await fault.mend?.(stage).catch(() => {})
    await place.leave?.(stage).catch(() => {})
  } finally {
    watch?.stop()
  }
  for (const [text, times] of stage.errors())
    if (times > (errors.get(text) ?? 0) && !fault.logs?.test(text)) problems.push(`logged: ${text}`)
  return { detectedMs, recoveredMs, problems }
}

/** Ready and linked for good, or stopped without a link. */
async function toBase(stage: Stage, isLinked: boolean): Promise<void> {
  const now = await waitForStatus(stage, ENTERED_MS, () => true)
  if (!isLinked) {
    if (now.linked) await stage.server().post('/api/logout')
    else if (now.state !== 'stopped') await stage.server().post('/api/accounts/default/stop')
    await waitForStatus(stage, ENTERED_MS, ({ state, linked }) => state === 'stopped' && !linked)
    return
  }
  if (!now.linked) await relink(stage)
  // A start by a person counts the attempts to reconnect from zero.
  await stage.server().post(RESTART)
  await waitForStatus(stage, STARTED_MS, ({ state, connected }) => state === 'ready' && connected)
}

/** The account can be linked again, and the link outlives a restart of the server. */
async function relink(stage: Stage): Promise<void> {
  await stage.stop()
  await stage.linkForGood()
}

/** What must follow once the fault is gone. */
async function toOutcome(stage: Stage, isLinked: boolean, unlinks: boolean, limitMs: number): Promise<void> {
  if (isLinked && !unlinks)
    return void (await waitForStatus(
      stage,
      limitMs,
      ({ state, connected }) => state === 'ready' && connected,
    ))
  if (isLinked)
    return void (await waitForStatus(stage, limitMs, ({ state, linked }) => state === 'stopped' && !linked))
  await waitForStatus(stage, limitMs, ({ state }) => state !== 'starting')
  await stage.server().post('/api/auth/start')
  await waitForStatus(stage, limitMs, ({ state }) => state === 'qr')
}

/** Looks at the status all the time, from now on. */
function watchStatus(stage: Stage, before: Status) {
  const startedAt = Date.now()
  let shownAt: number | null = null
  let slowest = 0
  let isOver = false
  const differs = (status: Status | null) =>
    status === null ||
    status.state !== before.state ||
    status.connected !== before.connected ||
    status.since_at !== before.since_at
  void (async () => {
    while (!isOver) {
      const asked = Date.now()
      const { pid } = stage.server()
      const status = await stage.server().status()
      // A server that was killed or frozen meanwhile is measured by its recovery.
      if (status !== null && stage.server().pid === pid) slowest = Math.max(slowest, Date.now() - asked)
      if (shownAt === null && differs(status)) shownAt = Date.now()
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  })()
  return {
    async shown(ms: number): Promise<number | null> {
      await waitFor('shown', ms, () => shownAt).catch(() => null)
      return shownAt === null ? null : shownAt - startedAt
    },
    slowest: () => slowest,
    stop() {
      isOver = true
    },
  }
}

const seconds = (ms: number | null) => (ms === null ? '–' : `${(ms / 1_000).toFixed(1)} s`)
const toLine = ({ fault, state, detectedMs, recoveredMs, problems }: Cell) =>
  `${fault} | ${state} | ${seconds(detectedMs)} | ${seconds(recoveredMs)} | ${problems.join('; ')}`

/** The run as one sentence, for docs/promises.md. */
export function toFaultFigure(cells: readonly Cell[]): string {
  const bad = cells.filter(({ problems }) => problems.length > 0).length
  const times = (of: (cell: Cell) => number | null) =>
    toPercentiles(cells.flatMap((cell) => of(cell) ?? []).sort((a, b) => a - b))
  return [
    `${cells.length} faults in states, ${bad} not as promised`,
    `shown after ${times(({ detectedMs }) => detectedMs)}`,
    `well again after ${times(({ recoveredMs }) => recoveredMs)}`,
  ].join('; ')
}

/** The matrix as a table in Markdown: in each cell the time until it showed, and until the session was well again. Of several the longest. */
export function toFaultTable(cells: readonly Cell[]): string {
  const states = Object.keys(PLACES)
  const ran = Object.entries(FAULTS).filter(([name]) => cells.some(({ fault }) => fault === name))
  const rows = ran.map(([name, { number }]) => {
    const fields = states.map((state) => {
      const found = cellsOf(cells, name, state)
      if (found.length === 0) return ''
      const slowest = (of: (cell: Cell) => number | null) =>
        found.reduce<number | null>((most, cell) => Math.max(most ?? 0, of(cell) ?? 0) || null, null)
      const bad = found.some(({ problems }) => problems.length > 0) ? ' **!**' : ''
      return `${seconds(slowest((cell) => cell.detectedMs))} / ${seconds(slowest((cell) => cell.recoveredMs))}${bad}`
    })
    return `| ${number} ${name} | ${fields.join(' | ')} |`
  })
  const problems = cells.flatMap(({ fault, state, problems: found }) =>
    found.map((one) => `- ${fault}, ${state}: ${one}`),
  )
  return [
    `| fault | ${states.join(' | ')} |`,
    `|---${'|---'.repeat(states.length)}|`,
    ...rows,
    ...(problems.length > 0 ? ['', ...problems] : []),
  ].join('\n')
}
