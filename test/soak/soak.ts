/**
 * `npm run soak [-- <run>]`: what takes too long for every change. Ends with 1 if anything failed. On the loopback only; Linux.
 */
import { parseArgs } from 'node:util'
import { DAYS, type Day, runDays } from './days.ts'
import { greenDays } from './green-days.ts'
import { killRun } from './kill-run.ts'
import { malformedRun } from './malformed-run.ts'
import { runMutants } from './mutants.ts'
import { pointRun } from './point-run.ts'
import { toTable, wasClean } from './report.ts'
import { sendRun } from './send-run.ts'

type Run = { usage: string; does: string; run(args: string[]): Promise<void> }

const RUNS: Record<string, Run> = {
  kills: {
    usage: '[--messages N] [--browser-kills N] [--server-kills N] [--seed N]',
    does: `10,000 messages through 20 killed browsers and 20 killed servers, twice: what came meanwhile enters WhatsApp Web
    silently, then as late events. Nothing may be lost, doubled or disordered. About ten minutes.`,
    run: runKills,
  },
  sends: {
    usage: '[--sends N] [--kills N] [--seed N]',
    does: `1,000 messages, each sent three times with one idempotency key, through 20 kills of browser and server. At most one
    delivery for a key, every answer true, and at most 1 % unknown. About ten minutes.`,
    run: runSends,
  },
  points: {
    usage: '[--every N] [--seed N] [--victim server|browser]',
    does: `One message for each step from the request to the response, with \`kill -9\` of the server, or of its browser, at that step:
    asked for with an idempotency key, and approved. At most one delivery, nothing approved lost. About ten minutes.`,
    run: runPoints,
  },
  malformed: {
    usage: '[--requests N] [--seed N]',
    does: `100,000 malformed requests over REST and MCP, made from the table of operations and from bytes. Each must get a published
    code, and none a 5xx. About five minutes.`,
    run: runMalformed,
  },
  days: {
    usage: '[--day NAME]… [--again] [tests…] [-- options of vitest]',
    does: `All tests, or these, on other days and in other time zones (${DAYS.map(({ name }) => name).join(', ')}).
    Each takes as long as npm test. A day on which all passed on this very commit is left out, except with --again. Ends with
    what failed on each day. Needs libfaketime; root on Debian gets it installed.`,
    run: onDays,
  },
  mutants: {
    usage: '[--mutate FILE]',
    does: `Changes the pure modules (tools/mutate/pure.js) one place at a time; a unit test must fail each time. Lists the changes
    that no test noticed. About half an hour, or a minute for one module.`,
    run: async (args) => {
      process.exitCode = runMutants(args, console.error)
    },
  },
}

for (const [index, name] of (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).entries()) {
  // What was started ends with this process, see stage.ts and days.ts.
  process.on(name, () => process.exit(129 + index))
}

const [first = 'kills', ...others] = process.argv.slice(2)
// Options alone are those of the kills.
const [name, args] =
  first.startsWith('-') && first !== '--help' ? ['kills', [first, ...others]] : [first, others]
const chosen = Object.hasOwn(RUNS, name) ? RUNS[name] : undefined
if (chosen === undefined) {
  for (const [known, { usage, does }] of Object.entries(RUNS))
    console.log(`npm run soak -- ${known} ${usage}\n    ${does}`)
  process.exitCode = name === '--help' ? 0 : 2
} else {
  try {
    await chosen.run(args)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}

async function runKills(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      messages: { type: 'string', default: '10000' },
      'browser-kills': { type: 'string', default: '20' },
      'server-kills': { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
    },
  })
  const read = (option: keyof typeof values): number => {
    const value = Number(values[option])
    if (!Number.isInteger(value) || value < 0) throw new Error(`--${option} takes a whole number.`)
    return value
  }
  const browserKills = read('browser-kills')
  const serverKills = read('server-kills')
  if (browserKills + serverKills === 0) throw new Error('There is nothing to kill.')
  for (const [title, lateShare] of [
    ['silent backlog', undefined],
    ['backlog as late events', 1],
  ] as const) {
    const startedAt = Date.now()
    const run = await killRun({
      messages: read('messages'),
      browserKills,
      serverKills,
      seed: read('seed'),
      ...(lateShare === undefined ? {} : { lateShare }),
      limitMs: 60_000 + (browserKills + serverKills) * 60_000,
      say: (line) => console.error(`${((Date.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${line}`),
    })
    console.log(`\n${toTable(`${title}, seed ${read('seed')}`, run)}`)
    if (!wasClean(run)) process.exitCode = 1
  }
}

async function runSends(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      sends: { type: 'string', default: '1000' },
      kills: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
    },
  })
  const startedAt = Date.now()
  const { sent, unknown, others, problems, durationMs } = await sendRun({
    sends: Number(values.sends),
    kills: Number(values.kills),
    seed: Number(values.seed),
    limitMs: 60_000 + Number(values.kills) * 60_000,
    say: (line) => console.error(`${((Date.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${line}`),
  })
  const rest = [...others].map(([answer, times]) => `, ${times} ${answer}`).join('')
  console.log(`${sent} sent, ${unknown} unknown${rest}; ${Math.round(durationMs / 1000)} s`)
  for (const problem of problems) console.log(`  ! ${problem}`)
  if (problems.length > 0 || unknown > Number(values.sends) / 100) process.exitCode = 1
}

async function runPoints(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      every: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      victim: { type: 'string', default: 'server' },
    },
  })
  const { points, problems } = await pointRun({
    every: Number(values.every),
    seed: Number(values.seed),
    victim: values.victim === 'browser' ? 'browser' : 'server',
    say: console.error,
  })
  const unknown = [...points.values()].filter((outcome) => outcome === 'unknown').length
  console.log(`${points.size} points, ${unknown} unknown`)
  for (const problem of problems) console.log(`  ! ${problem}`)
  if (problems.length > 0) process.exitCode = 1
}

async function runMalformed(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { requests: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
  })
  const { sent, statuses, problems } = await malformedRun(Number(values.requests), Number(values.seed))
  const rest = Object.entries(statuses).map(([status, times]) => `, ${times} × ${status}`)
  console.log(`${sent} requests${rest.join('')}`)
  for (const problem of problems) console.log(`  ! ${problem}`)
  if (problems.length > 0) process.exitCode = 1
}

async function onDays(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    options: {
      day: { type: 'string', multiple: true, default: DAYS.map(({ name }) => name) },
      again: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  })
  const days = values.day.map((wanted) => {
    const day = DAYS.find(({ name }) => name === wanted)
    if (day === undefined)
      throw new Error(`There is no day ${wanted}. Use one of ${DAYS.map(({ name }) => name).join(', ')}.`)
    return day
  })
  const isWhole = positionals.length === 0
  const green = greenDays(import.meta.dirname)
  const isDone = ({ name }: Day) => isWhole && !values.again && green.has(name)
  const lines = days.filter(isDone).map(({ name }) => `${name}: passed before, on this commit`)
  const open = days.filter((day) => !isDone(day))
  for await (const { day, passed, failed, failures } of runDays(open, positionals, console.error)) {
    lines.push(`${day.name}: ${passed} passed, ${failed} failed`, ...failures.map((what) => `  ! ${what}`))
    if (failed > 0) process.exitCode = 1
    else if (isWhole) green.add(day.name)
  }
  console.log(`\n${lines.join('\n')}`)
}
