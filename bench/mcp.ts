/**
 * `npm run bench mcp [-- --json FILE] [--requests N] [--pairs N]`: tools/call of the built server in each lane, beside the SDK's own
 * handler with a constant of the same size for an answer, and beside the same operation over REST. All three in turns of N
 * requests, on the loopback only; about a minute; Linux.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { newestBuild } from '../simulator/builds.ts'
import { findBrowser } from '../src/browser/find.ts'
import { callIn, LANES } from './mcp/lanes.ts'
import { type Call, type Load, measure, openConnections } from './mcp/load.ts'
import { type Child, startChild } from './start/child.ts'
import { caughtUp, startLinked, urlOf } from './start/link.ts'
import { openStages } from './start/place.ts'
import { quantile } from './start/report.ts'

const CONSTANT = fileURLToPath(new URL('./mcp/constant-server.mjs', import.meta.url))
const WARM_UP = 300
/** Of each tool, the same operation over REST. */
const TOOLS = { whatsapp_status: '/api/status', whatsapp_list_chats: '/api/chats' } as const

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    requests: { type: 'string', default: '200' },
    pairs: { type: 'string', default: '30' },
  },
})
const [requests, pairs] = [Number(values.requests), Number(values.pairs)]
if (!Number.isInteger(requests) || requests < 10 || !Number.isInteger(pairs) || pairs < 1)
  throw new Error('--requests takes a whole number from 10 on, --pairs one from 1 on')
const browser = findBrowser()
if (browser === null) throw new Error('no browser was found')
const folder = mkdtempSync(join(tmpdir(), 'bench-mcp-'))
const stages = await openStages(browser.path)
const children: Child[] = []
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => void stages.close())

try {
  console.log(`Node ${process.version}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(2)}`)
  const ours = await startOurs()
  const sdk = await startConstant(ours)
  const rows = []
  console.log(`
tools/call, ${pairs} turns of ${requests} requests on 4 connections, medians: requests a second, p99 ms
                                       ours            SDK, a constant    ratio    REST`)
  for (const [tool, path] of Object.entries(TOOLS)) {
    for (const lane of LANES) {
      const figures = await inTurns({
        ours: await callIn(lane, ours, '/mcp', tool),
        sdk: await callIn(lane, sdk, lane === 'session' ? '/sessions' : '/', tool),
        rest: { url: `${ours}${path}`, headers: {}, body: null },
      })
      rows.push({ tool, lane, ...figures })
      const column = ({ perSecond, p99 }: Load) =>
        `${perSecond.toFixed(0).padStart(7)} ${p99.toFixed(1).padStart(6)} ms`
      console.log(
        `  ${tool.padEnd(20)} ${lane.padEnd(9)} ${column(figures.ours)}   ${column(figures.sdk)}   ${figures.ratio.toFixed(2)}×  ${column(figures.rest)}`,
      )
    }
  }
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ requests, pairs, rows }, null, 2)}\n`)
} finally {
  await Promise.all(children.map((child) => child.end(({ stdin }) => stdin?.end())))
  await stages.close()
  rmSync(folder, { recursive: true, force: true })
}

/** The built server, linked to a seeded world; its address. */
async function startOurs(): Promise<string> {
  const stage = await stages.open({ name: 'ours', build: newestBuild.name, pace: 'none', seed: 7 })
  const url = await urlOf(await startLinked(stage))
  // The constant is what is answered then, and answers as large are compared.
  await caughtUp(url)
  return url
}

/** The SDK's handler, which answers what ours answered just now; its address. */
async function startConstant(url: string): Promise<string> {
  const results: Record<string, unknown> = {}
  for (const tool of Object.keys(TOOLS)) {
    const { url: to, headers, body } = await callIn('plain', url, '/mcp', tool)
    const answer = await fetch(to, { method: 'POST', headers, body: body?.(0) ?? null })
    results[tool] = ((await answer.json()) as { result: unknown }).result
  }
  const file = join(folder, 'results.json')
  writeFileSync(file, JSON.stringify(results))
  const child = startChild({ args: [CONSTANT, file], cwd: folder, env: {}, stream: 'stdout' })
  children.push(child)
  return urlOf({ child })
}

/**
 * One turn each, again and again, so that whatever slows this machine slows all of them; the order alternates. Medians of the turns.
 * `ratio`: the median of the pairs' own ratios, ours over the SDK's.
 */
async function inTurns(calls: { ours: Call; sdk: Call; rest: Call }) {
  const names = ['ours', 'sdk', 'rest'] as const
  const turns: Record<(typeof names)[number], Load[]> = { ours: [], sdk: [], rest: [] }
  const connections = { ours: openConnections(), sdk: openConnections(), rest: openConnections() }
  try {
    for (const name of names) await measure(calls[name], WARM_UP, connections[name])
    for (let pair = 0; pair < pairs; pair += 1)
      for (const name of pair % 2 === 0 ? names : names.toReversed())
        turns[name].push(await measure(calls[name], requests, connections[name]))
  } finally {
    for (const one of Object.values(connections)) one.destroy()
  }
  const ratios = turns.ours.map(
    ({ perSecond }, pair) => perSecond / (turns.sdk[pair]?.perSecond ?? Number.NaN),
  )
  const ratio = quantile(ratios, 0.5) ?? Number.NaN
  return { ours: median(turns.ours), sdk: median(turns.sdk), rest: median(turns.rest), ratio }
}

function median(loads: readonly Load[]): Load {
  const of = (read: (load: Load) => number) => quantile(loads.map(read), 0.5) ?? Number.NaN
  return { perSecond: of((one) => one.perSecond), p50: of((one) => one.p50), p99: of((one) => one.p99) }
}
