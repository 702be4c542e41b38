/**
 * `npm run bench webhooks [-- --json FILE] [--messages N] [--seconds N]`: from the moment somebody writes on the double to the
 * socket of a receiver, with 1, 10 and 100 receivers, beyond what whatsapp-web.js alone needs until its own event, and beside a
 * POST at that event, as wwebjs-api sends it; then 200 events a second and a burst of 1,000 to ten receivers. Loopback only; about
 * three minutes; Linux. The verdicts: `npm run bench -- --all --only webhooks`.
 */
import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { findBrowser } from '../src/browser/find.ts'
import { openStages } from './start/place.ts'
import { quantile } from './start/report.ts'
import { type Flow, measureFlows } from './webhooks/flow.ts'
import { measureBeside, measureLibrary, measureOurs } from './webhooks/latency.ts'
import { openReceivers } from './webhooks/receivers.ts'

const RECEIVERS = [1, 10, 100] as const

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    messages: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '30' },
  },
})
const [messages, seconds] = [Number(values.messages), Number(values.seconds)]
if (!(Number.isInteger(messages) && messages >= 1 && seconds >= 2))
  throw new Error('--messages takes a whole number from 1 on, --seconds a number from 2 on')
const browser = findBrowser()
if (browser === null) throw new Error('no browser was found')
const stages = await openStages(browser.path)
const receivers = await openReceivers()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => void stages.close())

const at = (times: readonly number[], share: number) => quantile([...times], share) ?? Number.NaN
const text = (ms: number) => ms.toFixed(1).padStart(7)

try {
  console.log(`Node ${process.version}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(2)}`)
  console.log(`\nmessage written → received, ${messages} messages, ms\n${''.padEnd(34)}   p50     p99`)
  const library = await measureLibrary(stages, messages)
  const alone = { p50: at(library, 0.5), p99: at(library, 0.99) }
  console.log(`  ${'whatsapp-web.js alone'.padEnd(28)}${text(alone.p50)} ${text(alone.p99)}`)
  const posted = await measureBeside(stages, receivers, messages)
  const beside = { p50: at(posted, 0.5), p99: at(posted, 0.99) }
  console.log(`  ${'whatsapp-web.js and a POST'.padEnd(28)}${text(beside.p50)} ${text(beside.p99)}`)
  const latency = (await measureOurs(stages, receivers, { counts: RECEIVERS, messages })).map(
    ({ receivers: count, times }) => {
      const [p50, p99] = [at(times, 0.5), at(times, 0.99)]
      const beyond = { p50: p50 - alone.p50, p99: p99 - alone.p99 }
      console.log(
        `  ${`${count} receivers`.padEnd(28)}${text(p50)} ${text(p99)}   beyond it ${text(beyond.p50)} ${text(beyond.p99)}`,
      )
      return { receivers: count, p50, p99, beyond }
    },
  )
  const over = (latency[0]?.p50 ?? Number.NaN) / beside.p50
  console.log(`  with 1 receiver ${over.toFixed(2)}× of a POST, p50`)
  const { sustained, burst, growthMb, failing } = await measureFlows(receivers, seconds * 1_000)
  const flows = {
    sustained: report('200 events/s to 10 receivers', sustained),
    burst: report('1,000 events in a second', burst),
    ...{ growthMb, failing },
  }
  console.log(`  memory grew by ${growthMb.toFixed(1)} MB in the second half; ${failing} chats fail`)
  if (values.json !== undefined)
    writeFileSync(
      values.json,
      `${JSON.stringify({ messages, alone, beside: { ...beside, over }, latency, ...flows }, null, 2)}\n`,
    )
} finally {
  await receivers.close()
  await stages.close()
}

function report(name: string, { events, delivered, times, cpuMs, lateMs }: Flow) {
  const [p50, p99] = [at(times, 0.5), at(times, 0.99)]
  const missing = events * 10 - delivered
  console.log(
    `  ${name.padEnd(28)}${text(p50)} ${text(p99)}   ${events} events, ${missing} deliveries missing, last after ${lateMs.toFixed(0)} ms, ${cpuMs.toFixed(2)} ms of processor each`,
  )
  return { p50, p99, events, missing, cpuMs, lateMs }
}
