/** The runs of `npm run soak`, each with its options and what it prints. A run that failed sets the exit code. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { OTHER_BUILDS, runOnBuild } from './builds.ts'
import { DAYS, runOnDay } from './days.ts'
import { faultRun, toFaultFigure, toFaultTable } from './fault-run.ts'
import { type FlatRunOptions, flatRun, stopAndStart, toText } from './flat-run.ts'
import { hookRun } from './hook-run.ts'
import { killRun } from './kill-run.ts'
import { malformedRun } from './malformed-run.ts'
import { note } from './measured.ts'
import { runMutants } from './mutants.ts'
import { pointRun } from './point-run.ts'
import { toFigure, toTable, wasClean } from './report.ts'
import { sendRun } from './send-run.ts'
import { onEach } from './suite-run.ts'

export type Run = { usage: string; does: string; run(args: string[]): Promise<void> }

/** Keeps the figure for docs/promises.md. */
const NOTE = { type: 'boolean', default: false } as const

export const RUNS: Record<string, Run> = {
  kills: {
    usage: '[--messages N] [--browser-kills N] [--server-kills N] [--seed N] [--note]',
    does: `10,000 messages through 20 killed browsers and 20 killed servers, twice: what came meanwhile enters WhatsApp Web
    silently, then as late events. Nothing may be lost, doubled or disordered. About ten minutes.`,
    run: runKills,
  },
  sends: {
    usage: '[--sends N] [--kills N] [--seed N] [--note]',
    does: `1,000 messages, each sent three times with one idempotency key, through 20 kills of browser and server. At most one
    delivery for a key, every answer true, and at most 1 % unknown. About ten minutes.`,
    run: runSends,
  },
  points: {
    usage: '[--every N] [--seed N] [--victim server|browser] [--note]',
    does: `One message for each step from the request to the response, with \`kill -9\` of the server, or of its browser, at that step:
    asked for with an idempotency key, and approved. At most one delivery, nothing approved lost. About ten minutes.`,
    run: runPoints,
  },
  faults: {
    usage: '[--only WORDS] [--times N] [--file FILE] [--minutes N] [--slack N] [--note]',
    does: `Each fault (browser, page and server killed, page frozen, network cut, unlinked on the phone, logged out, ended by a signal, …)
    in each of the seven states: when the status shows it, and when the session is well again. With --file, a later run continues an earlier
    one. --slack multiplies the limits on a slow computer. About fifty minutes.`,
    run: runFaults,
  },
  cycles: {
    usage: '[--cycles N] [--note]',
    does: `200 times, the session is stopped and started again. Open files, handles, temporary files and the heap of the server may not
    grow. About twenty minutes.`,
    run: runCycles,
  },
  idle: {
    usage: '[--hours N] [--note]',
    does: `A linked server idles for eight hours, with a sample each minute. Its heap may grow by 1 MB an hour, and it may use 200 MB.`,
    run: runIdle,
  },
  hooks: {
    usage: '[--messages N] [--kills N] [--refused PERCENT] [--seed N] [--note]',
    does: `10,000 messages to a webhook whose receiver is away now and then, and refuses half of the requests between the kills, through 20 kills
    of the server. Nothing may be lost, changed or disordered. About fifteen minutes.`,
    run: runHooks,
  },
  malformed: {
    usage: '[--requests N] [--seed N] [--note]',
    does: `100,000 malformed requests over REST and MCP, made from the table of operations and from bytes. Each must get a published
    code, and none a 5xx. The memory and the open files of the server stay within limits. About five minutes.`,
    run: runMalformed,
  },
  days: {
    usage: '[--day NAME]… [--again] [tests…] [-- options of vitest]',
    does: `All tests, or these, on other days and in other time zones (${DAYS.map(({ name }) => name).join(', ')}).
    Each takes as long as npm test. A day on which all passed on this very commit is left out, except with --again. Ends with
    what failed on each day. Needs libfaketime; root on Debian gets it installed.`,
    run: (args) => onEach('day', DAYS, runOnDay, args),
  },
  builds: {
    usage: '[--build NAME]… [--again] [tests…] [-- options of vitest]',
    does: `All tests, or these, on older builds of WhatsApp Web (${OTHER_BUILDS.map(({ name }) => name).join(', ')}).
    Tests that name a build stay on it. Each build takes as long as npm test. One on which all passed on this very commit is left
    out, except with --again. Ends with what failed on each build.`,
    run: (args) => onEach('build', OTHER_BUILDS, runOnBuild, args),
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

async function runKills(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      messages: { type: 'string', default: '10000' },
      'browser-kills': { type: 'string', default: '20' },
      'server-kills': { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      note: NOTE,
    },
  })
  const read = (option: Exclude<keyof typeof values, 'note'>): number => {
    const value = Number(values[option])
    if (!Number.isInteger(value) || value < 0) throw new Error(`--${option} takes a whole number.`)
    return value
  }
  const browserKills = read('browser-kills')
  const serverKills = read('server-kills')
  if (browserKills + serverKills === 0) throw new Error('There is nothing to kill.')
  const figures: string[] = []
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
    figures.push(`${title}: ${toFigure(run)}`)
    if (!wasClean(run)) process.exitCode = 1
  }
  if (values.note) note('npm run soak -- kills', figures.join('. '))
}

async function runSends(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      sends: { type: 'string', default: '1000' },
      kills: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      note: NOTE,
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
  const figure = `${sent} sent, ${unknown} unknown${rest}; ${Math.round(durationMs / 1000)} s`
  console.log(figure)
  if (values.note) note('npm run soak -- sends', `${figure}; ${problems.length} problems`)
  for (const problem of problems) console.log(`  ! ${problem}`)
  if (problems.length > 0 || unknown > Number(values.sends) / 100) process.exitCode = 1
}

async function runHooks(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      messages: { type: 'string', default: '10000' },
      kills: { type: 'string', default: '20' },
      refused: { type: 'string', default: '50' },
      seed: { type: 'string', default: '1' },
      note: NOTE,
    },
  })
  const { events, requests, twice, problems } = await hookRun({
    messages: Number(values.messages),
    kills: Number(values.kills),
    refused: Number(values.refused),
    seed: Number(values.seed),
    limitMs: 900_000,
    say: console.error,
  })
  const figure = `${events} events in ${requests} requests, ${twice} came more than once`
  console.log(figure)
  if (values.note) note('npm run soak -- hooks', `${figure}; ${problems.length} problems`)
  for (const problem of problems) console.log(`  ! ${problem}`)
  if (problems.length > 0) process.exitCode = 1
}

async function runPoints(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      every: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      victim: { type: 'string', default: 'server' },
      note: NOTE,
    },
  })
  const { points, problems } = await pointRun({
    every: Number(values.every),
    seed: Number(values.seed),
    victim: values.victim === 'browser' ? 'browser' : 'server',
    say: console.error,
  })
  const unknown = [...points.values()].filter((outcome) => outcome === 'unknown').length
  const figure = `${points.size} points, ${unknown} unknown`
  console.log(figure)
  if (values.note) note('npm run soak -- points', `${figure}, ${problems.length} problems`)
  for (const problem of problems) console.log(`  ! ${problem}`)
  if (problems.length > 0) process.exitCode = 1
}

async function runFaults(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', default: '' },
      times: { type: 'string', default: '1' },
      file: { type: 'string' },
      minutes: { type: 'string', default: '90' },
      slack: { type: 'string', default: '1' },
      note: NOTE,
    },
  })
  const cells = await faultRun({
    only: values.only,
    times: Number(values.times),
    file: values.file ?? null,
    limitMs: Number(values.minutes) * 60_000,
    slack: Number(values.slack),
    say: console.error,
  })
  console.log(toFaultTable(cells))
  const options = [
    values.only === '' ? '' : ` --only ${values.only.includes(' ') ? `"${values.only}"` : values.only}`,
    values.times === '1' ? '' : ` --times ${values.times}`,
  ]
  if (values.note)
    note(`npm run soak -- faults${options.join('')}`, `${toFaultFigure(cells)} (limits × ${values.slack})`)
  if (cells.some(({ problems }) => problems.length > 0)) process.exitCode = 1
}

async function runMalformed(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      requests: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      note: NOTE,
    },
  })
  const { sent, statuses, problems, held } = await malformedRun(Number(values.requests), Number(values.seed))
  const rest = Object.entries(statuses).map(([status, times]) => `, ${times} × ${status}`)
  const [before, after] = held
  const memory = `memory ${before.memoryMib} MiB after half of them, ${after.memoryMib} MiB at the end`
  const figure = `${sent} requests${rest.join('')}; ${memory}`
  console.log(figure)
  if (values.note) note('npm run soak -- malformed', `${figure}; ${problems.length} problems`)
  for (const problem of problems) console.log(`  ! ${problem}`)
  if (problems.length > 0) process.exitCode = 1
}

async function runCycles(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { cycles: { type: 'string', default: '200' }, note: NOTE },
  })
  await runFlat('npm run soak -- cycles', values.note, {
    rounds: Number(values.cycles),
    round: stopAndStart,
    limits: { growth: { heapMb: 5, openFiles: 5, handles: 5, temporaryFiles: 2 } },
  })
}

async function runIdle(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { hours: { type: 'string', default: '8' }, note: NOTE },
  })
  const hours = Number(values.hours)
  await runFlat('npm run soak -- idle', values.note, {
    rounds: Math.ceil(hours * 60),
    round: () => sleep(60_000),
    limits: {
      growth: { heapMb: Math.max(1, hours), openFiles: 5, handles: 5, temporaryFiles: 2 },
      most: { memoryMb: 200 },
    },
  })
}

async function runFlat(
  command: string,
  isNoted: boolean,
  options: Omit<FlatRunOptions, 'say'>,
): Promise<void> {
  const { uses, growth, problems } = await flatRun({ ...options, say: console.error })
  const most = Math.max(...uses.map(({ memoryMb }) => memoryMb)).toFixed(0)
  const figure = `${uses.length} samples; growth: ${toText(growth)}; most memory ${most} MB`
  console.log(figure)
  if (isNoted) note(command, `${figure}; ${problems.length} problems`)
  for (const problem of problems) console.log(`  ! ${problem}`)
  if (problems.length > 0) process.exitCode = 1
}
