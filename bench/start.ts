/**
 * `npm run bench start [-- --json FILE] [--rounds N] [--pairs N] [--messages N]`: our built server beside the bare library, on the same
 * double, first without delays, then with realistic ones; then until it listens, on a large archive that was closed, killed or
 * copied. About five minutes, on the loopback only; Linux.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { newestBuild, newestBuildWithSerialized } from '../simulator/builds.ts'
import type { Pace } from '../simulator/simulator.ts'
import { findBrowser } from '../src/browser/find.ts'
import { measureArchiveStarts } from './start/archive-starts.ts'
import type { Contestant, ContestantName, SendKind } from './start/contestants.ts'
import { openStages, type Stage, type Stages } from './start/place.ts'
import { type Column, quantile, type Row, toPairRows, toRows, toTable } from './start/report.ts'
import {
  measureInbound,
  measureMemory,
  measureSendPairs,
  measureSends,
  measureStart,
  type SendPair,
} from './start/rounds.ts'

const PACES = ['none', 'realistic'] as const satisfies Pace[]
/** Messages that come in have no delays of the double's; a send has up to three of up to 250 ms each. */
const SENDS = { none: 100, realistic: 40 } as const
const MESSAGES = 100

const NAMES = ['ours', 'bare', 'newest'] as const
type ColumnName = (typeof NAMES)[number]
/** Who runs on which build. The bare library cannot send on the newest one, whose message keys it does not know. */
const COLUMNS: Record<ColumnName, { name: ContestantName; build: string; kinds: SendKind[] }> = {
  ours: { name: 'ours', build: newestBuildWithSerialized.name, kinds: ['same_work'] },
  bare: { name: 'bare', build: newestBuildWithSerialized.name, kinds: ['same_work', 'plain'] },
  newest: { name: 'ours', build: newestBuild.name, kinds: ['same_work'] },
}

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    pairs: { type: 'string', default: '30' },
    messages: { type: 'string', default: '500000' },
  },
})
const [rounds, pairs] = [Number(values.rounds), Number(values.pairs)]
if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(pairs) || pairs < 1)
  throw new Error('--rounds and --pairs take a whole number from 1 on')
const browser = findBrowser()
if (browser === null) throw new Error('no browser was found')
const stages = await openStages(browser.path)
let wasEnded = false
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // Each time: Ctrl-C reaches us from the terminal and again from the bootstrap.
  process.on(name, () => {
    wasEnded = true
    void stages.close()
  })
}

try {
  const facts = {
    date: new Date().toISOString(),
    node: process.version,
    cpus: cpus().length,
    load: loadavg().map((load) => Math.round(load * 100) / 100),
    rounds,
  }
  const startedAt = performance.now()
  console.log(`Node ${facts.node}, ${facts.cpus} cores, load ${facts.load.join(' ')}, ${rounds} rounds`)
  const paces: Partial<Record<Pace, Row[]>> = {}
  for (const pace of PACES) {
    const { columns, sendPairs } = await measure(stages, pace)
    const rows = [...toRows(columns), ...(sendPairs.length === 0 ? [] : toPairRows(sendPairs))]
    paces[pace] = rows
    console.log(
      `\n${toTable(`pace ${pace}, ${SENDS[pace]} sends, ${sendPairs.length} pairs, ${MESSAGES} messages`, rows)}`,
    )
  }
  const archives = await startOnArchives()
  console.log(`\n${Math.round((performance.now() - startedAt) / 1000)} s; load ${loadavg()[0]?.toFixed(2)}`)
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ ...facts, paces, archives }, null, 2)}\n`)
} catch (error) {
  // What was under way fails because its processes were ended.
  if (!wasEnded) throw error
  process.exitCode = 1
} finally {
  await stages.close()
}

async function startOnArchives() {
  const folder = mkdtempSync(join(tmpdir(), 'bench-archives-'))
  try {
    const messages = Number(values.messages)
    const archives = await measureArchiveStarts(folder, { messages, rounds, browser: browser?.path ?? '' })
    console.log(
      `\nstart on an archive of ${messages} messages that was …: until it listens, until it is checked, ms`,
    )
    for (const { before, listening, checked } of archives) {
      const ms = (list: number[]) => (quantile(list, 0.5)?.toFixed(0) ?? '–').padStart(6)
      console.log(`  ${before.padEnd(10)}${ms(listening)}${ms(checked)}`)
    }
    return archives
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** All columns of one pace: the rounds in turns, and with the last round's processes what a ready session does. */
async function measure(
  { open }: Stages,
  pace: Pace,
): Promise<{ columns: Record<ColumnName, Column>; sendPairs: SendPair[] }> {
  const columns: Record<ColumnName, Column> = { ours: empty(), bare: empty(), newest: empty() }
  const ready: { column: ColumnName; stage: Stage; contestant: Contestant }[] = []
  for (let round = 1; round <= rounds; round++) {
    for (const column of NAMES) {
      // With delays there is little else to see on the newest build: once is enough.
      if (column === 'newest' && pace === 'realistic' && round < rounds) continue
      const { name, build } = COLUMNS[column]
      const stage = await open({ name, build, pace, seed: round })
      const { contestant, ...figures } = await measureStart(stage)
      columns[column].starts.push(figures)
      if (round === rounds) ready.push({ column, stage, contestant })
      else await stage.close()
    }
  }
  const send = async ({ column, stage, contestant }: (typeof ready)[number]) => {
    const { kinds } = COLUMNS[column]
    columns[column].sends = await measureSends(stage, contestant, { sends: SENDS[pace], kinds })
  }
  // With delays everybody mostly waits, so they may do it at the same time.
  if (pace === 'realistic') await Promise.all(ready.map(send))
  const [ours, bare] = (['ours', 'bare'] as const).map((name) => ready.find(({ column }) => column === name))
  const sendPairs = ours && bare ? await measureSendPairs({ ours, bare }, pairs) : []
  for (const one of ready) {
    if (pace === 'none') await send(one)
    columns[one.column].inbound = await measureInbound(one.stage, one.contestant, MESSAGES)
    columns[one.column].after = await measureMemory(one.contestant)
  }
  await Promise.all(ready.map(({ stage }) => stage.close()))
  return { columns, sendPairs }
}

function empty(): Column {
  return { starts: [], sends: {}, inbound: [], after: null }
}
