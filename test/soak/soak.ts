/**
 * `npm run soak [-- --messages N --browser-kills N --server-kills N --seed N]`: 10,000 messages through 20 killed
 * browsers and 20 killed servers, twice: what came meanwhile enters WhatsApp Web silently, then as late events. About ten minutes, on the loopback only; Linux. Ends with 1 where anything was lost, doubled or disordered.
 */
import { parseArgs } from 'node:util'
import { killRun } from './kill-run.ts'
import { toTable, wasClean } from './report.ts'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '10000' },
    'browser-kills': { type: 'string', default: '20' },
    'server-kills': { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
  },
})
const read = (name: keyof typeof values): number => {
  const value = Number(values[name])
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} takes a whole number`)
  return value
}
const browserKills = read('browser-kills')
const serverKills = read('server-kills')
if (browserKills + serverKills === 0) throw new Error('there is nothing to kill')
for (const [index, name] of (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).entries()) {
  // What was started ends with this process, see stage.ts.
  process.on(name, () => process.exit(129 + index))
}

for (const [name, lateShare] of [
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
  console.log(`\n${toTable(`${name}, seed ${read('seed')}`, run)}`)
  if (!wasClean(run)) process.exitCode = 1
}
