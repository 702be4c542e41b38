/**
 * `npm run bench accounts [-- --json FILE] [--accounts N] [--rounds N]`: what further accounts cost, and what one of them does to
 * the others. One built server on the double. Memory once 1, 2, 5 and 10 accounts are linked and at rest; then the reads of one
 * account while another one's browser is killed, its disk is full and its archive is damaged, each beside a quiet time. The full
 * disk needs root. About four minutes, on the loopback only; Linux.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findBrowser } from '../src/browser/find.ts'
import { openSmallDisk } from '../test/soak/small-disk.ts'
import { measureFaults } from './accounts/faults.ts'
import { openAccounts } from './accounts/linked.ts'
import type { Memory } from './start/processes.ts'
import { quantile } from './start/report.ts'

/** `further`: Node's growth for each account since the count before, MB. */
type Cost = Memory & { count: number; further: number | null }

const COUNTS = [1, 2, 5, 10]

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    accounts: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
  },
})
const browser = findBrowser()
if (browser === null) throw new Error('no browser was found')
const folder = mkdtempSync(join(tmpdir(), 'bench-accounts-'))
const authDir = join(folder, 'session')
const ownFiles = join(authDir, '.whatsapp-mcp-api', 'accounts', 'a2')
mkdirSync(ownFiles, { recursive: true, mode: 0o700 })
const disk = openSmallDisk(64, ownFiles)
if (typeof disk === 'string') mkdirSync(ownFiles, { recursive: true, mode: 0o700 })
const costs: Cost[] = []
const accounts = await openAccounts(folder, authDir, browser.path)
try {
  console.log(`Node ${process.version}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(2)}`)
  console.log('\nlinked accounts: Node MB, browsers MB; Node MB for each further account')
  await grow(2)
  const faults = await measureFaults(accounts, { disk, rounds: Number(values.rounds) })
  await grow(Number(values.accounts))
  console.log('\nreads of one account, ms: quiet p50, p99 | while another one suffers p50, p99 | allowed p99')
  for (const { name, quiet, during } of faults) {
    const ms = (list: number[], share: number) => (quantile(list, share) ?? Number.NaN).toFixed(1).padStart(7)
    console.log(
      `  ${name.padEnd(28)}${ms(quiet, 0.5)}${ms(quiet, 0.99)} |${ms(during, 0.5)}${ms(during, 0.99)} |${allowed(quiet).toFixed(1).padStart(7)}`,
    )
  }
  if (values.json !== undefined) {
    const shown = faults.map((fault) => ({
      ...fault,
      over: (quantile(fault.during, 0.99) ?? Number.NaN) / allowed(fault.quiet),
    }))
    writeFileSync(values.json, `${JSON.stringify({ faults: shown, costs }, null, 2)}\n`)
  }
} finally {
  await accounts.close()
  if (typeof disk !== 'string') disk.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}

/** Links accounts until there are so many, and takes the memory at each of the counts on the way. */
async function grow(until: number): Promise<void> {
  for (const count of COUNTS.filter((one) => one > accounts.count() && one <= until)) {
    while (accounts.count() < count) await accounts.link()
    const memory = await accounts.memory()
    const before = costs.at(-1)
    const further = before === undefined ? null : (memory.node - before.node) / (count - before.count)
    costs.push({ count, ...memory, further })
    const mb = (value: number | null) => (value?.toFixed(1) ?? '').padStart(9)
    console.log(`  ${String(count).padStart(2)}${mb(memory.node)}${mb(memory.browser)}${mb(further)}`)
  }
}

/** The p99 that a fault of another account may cause: one and a half times the quiet one, or 10 ms more. */
function allowed(quiet: readonly number[]): number {
  const usual = quantile([...quiet], 0.99) ?? Number.NaN
  return Math.max(usual * 1.5, usual + 10)
}
