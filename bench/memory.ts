/**
 * `npm run bench memory`: the browser tree's memory on the double, by browser and by our flags, each in a fresh profile
 * and alternating. Proportional set size: run it while no other Chromium runs, or shared pages are counted in part.
 * `-- --history [--messages N]`: instead, while N messages (200,000) are read into the archive.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import puppeteer from 'puppeteer'
import { openSimulator } from '../simulator/open-simulator.ts'
import { findBrowser } from '../src/browser/find.ts'
import { launchArgs } from '../src/engine/wweb/launch-args.ts'
import { historyReport, measureHistory } from './memory/history.ts'
import { readMemory } from './start/processes.ts'

const ROUNDS = 3
/** Chromium goes on loading parts of itself for some seconds after the page is there. */
const SETTLE_MS = 4_000

const { values } = parseArgs({
  options: { history: { type: 'boolean' }, messages: { type: 'string', default: '200000' } },
})
const full = findBrowser()
const light = findBrowser({ headless: true })
if (full === null) throw new Error('no browser was found')
if (values.history) {
  const { text, isFlat } = historyReport(await measureHistory(full.path, Number(values.messages)))
  console.log(text)
  process.exit(isFlat ? 0 : 1)
}
const simulator = await openSimulator({ dataDir: null, pace: 'none', control: null })
const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
const stock = [...sandbox, ...simulator.chromiumArgs]
const ours = launchArgs(true, simulator.chromiumArgs).args
const rows = [
  { name: `${full.kind}, the library's default flags`, path: full.path, args: stock },
  { name: `${full.kind}, our flags`, path: full.path, args: ours },
  ...(light !== null && light.path !== full.path
    ? [
        { name: `${light.kind}, the library's default flags`, path: light.path, args: stock },
        { name: `${light.kind}, our flags`, path: light.path, args: ours },
      ]
    : []),
].map((row) => ({ ...row, mb: [] as number[] }))

for (let round = 0; round < ROUNDS; round++) for (const row of rows) row.mb.push(await measure(row))
await simulator.close()

const median = (values: number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const base = median(rows[0]?.mb ?? [])
for (const { name, mb } of rows) {
  console.log(
    `${name.padEnd(45)} ${median(mb).toFixed(0).padStart(5)} MB   ${(median(mb) / base).toFixed(2)}`,
  )
}

async function measure({ path, args }: { path: string; args: string[] }): Promise<number> {
  const userDataDir = mkdtempSync(join(tmpdir(), 'wma-memory-'))
  // puppeteer takes feature flags out of the array that it is given.
  const browser = await puppeteer.launch({
    executablePath: path,
    headless: true,
    pipe: true,
    userDataDir,
    args: [...args],
  })
  try {
    const [page] = await browser.pages()
    await page?.goto('https://web.whatsapp.com/')
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    const pid = browser.process()?.pid
    if (pid === undefined || !existsSync(`/proc/${pid}`)) throw new Error('this needs Linux')
    const { node, browser: helpers } = readMemory(pid)
    return node + helpers
  } finally {
    await browser.close()
    rmSync(userDataDir, { recursive: true, force: true, maxRetries: 5 })
  }
}
