/**
 * Checks the MCP face with external programs: the official conformance suite and the Inspector's command line. Needs the
 * build and a browser. After the validators are installed, it only uses the loopback.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { calls } from './inspector.mjs'
import { inRoot } from './paths.mjs'
import { endPrograms, run, start } from './programs.mjs'
import { say } from './progress.mjs'
import { installValidators, inValidators, nodeForValidators } from './validators.mjs'
import { verdictOf, verdictWithout } from './verdict.mjs'

/** @typedef {import('./verdict.mjs').Count} Count */

/** The protocol revisions with a set of requirements. */
const REVISIONS = ['2025-11-25', '2026-07-28']

const SUITE_MS = 90_000
const CALL_MS = 30_000
const START_MS = 90_000

/** @returns {Promise<number>} exit code */
export async function runMcpCheck() {
  await installValidators()
  const node = nodeForValidators()
  if (node === null) {
    const why = 'the validators need Node 22.19 or newer, and include one for Linux on x64 only'
    return tell(verdictWithout(process.env, why))
  }
  const folder = mkdtempSync(join(tmpdir(), 'whatsapp-mcp-api-check-'))
  // At exit, because a program may write there until then.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(signal, () => void endPrograms().finally(() => process.exit(1)))
  }
  try {
    const counts = [...(await checkRouter(node, folder)), ...(await checkServer(node, folder))]
    const passed = counts.reduce((sum, count) => sum + count.passed, 0)
    const failed = counts.reduce((sum, count) => sum + count.failed, 0)
    say(`${passed} scenarios passed, ${failed} failed`)
    return tell(verdictOf(counts))
  } finally {
    await endPrograms()
  }
}

/** @param {{ code: number, says: string[] }} verdict */
function tell({ code, says }) {
  for (const line of says) say(line)
  return code
}

/**
 * Runs the complete suite against the product's router, with the suite's own tools behind it.
 * @param {string} node
 * @param {string} folder
 */
async function checkRouter(node, folder) {
  const args = ['--import', 'tsx', inRoot('test/conformance/serve.ts')]
  const url = await start(process.execPath, args, /^(http\S+)$/m, { timeoutMs: START_MS })
  /** @type {Count[]} */
  const counts = []
  for (const revision of REVISIONS) {
    const name = `the router, by the requirements of ${revision}`
    counts.push(await runSuite(node, folder, name, ['--url', url, '--requirements', revision]))
  }
  await endPrograms()
  return counts
}

/**
 * Runs the part that applies to a product, against the real server with simulated WhatsApp.
 * @param {string} node
 * @param {string} folder
 */
async function checkServer(node, folder) {
  const main = inRoot('dist/main.js')
  const sandbox = ['sandbox', '--linked', '--dir', join(folder, 'sandbox'), '--pace', 'none']
  const base = await start(
    process.execPath,
    [main, ...sandbox, '--port', '0', '--phone-port', '0'],
    /(http:\S+)\/api\/chats/,
    { timeoutMs: START_MS },
  )
  const url = `${base}/mcp`
  /** @type {Count[]} */
  const counts = []
  const baseline = ['--expected-failures', inRoot('test/conformance/product.yml')]
  for (const revision of REVISIONS) {
    const which = ['--suite', 'all', '--spec-version', revision, ...baseline]
    counts.push(await runSuite(node, folder, `the server, by all of ${revision}`, ['--url', url, ...which]))
  }
  const stdio = ['--config', stdioConfig(folder, [main, 'stdio', '--url', base]), '--server', 'ours']
  /** The arguments of the Inspector for each lane. @type {Record<string, string[]>} */
  const lanes = {
    'HTTP, legacy': [url, '--transport', 'http'],
    'HTTP, modern': [url, '--transport', 'http', '--protocol-era', 'modern'],
    'stdio, legacy': stdio,
    'stdio, modern': [...stdio, '--protocol-era', 'modern'],
  }
  counts.push(
    ...(await Promise.all(
      Object.entries(lanes).map(([lane, target]) => runInspector(node, folder, lane, target)),
    )),
  )
  return counts
}

/**
 * Writes a client's configuration file, because the Inspector would read arguments after a command as its own.
 * @param {string} folder
 * @param {string[]} args
 */
function stdioConfig(folder, args) {
  const path = join(folder, 'clients.json')
  writeFileSync(path, JSON.stringify({ mcpServers: { ours: { command: process.execPath, args } } }))
  return path
}

/**
 * Runs the conformance suite once. A scenario counts as one.
 * @param {string} node
 * @param {string} folder
 * @param {string} name
 * @param {string[]} args
 * @returns {Promise<Count>}
 */
async function runSuite(node, folder, name, args) {
  say(`conformance of ${name} …`)
  const startedAt = performance.now()
  const results = mkdtempSync(join(folder, 'results-'))
  const suite = inValidators('@modelcontextprotocol/conformance/dist/index.js')
  const { code, out, err } = await run(node, [suite, 'server', ...args, '-o', results], {
    timeoutMs: SUITE_MS,
  })
  const names = (/** @type {RegExp} */ pattern) => [...out.matchAll(pattern)].map(([, found = '']) => found)
  // The suite lists some scenarios again at the end, indented: those that are not required (with the reason), those that the
  // baseline expects, and those that differ from the baseline.
  const excused = new Set([...names(/^ {2}[✓✗] ([\w-]+) \(/gm), ...names(/^ {2}~ ([\w-]+)/gm)])
  const differing = names(/^ {2}[✓✗] ([\w-]+)(?=$|:)/gm)
  const passed = names(/^✓ ([\w-]+): [1-9]/gm).filter((one) => !excused.has(one) && !differing.includes(one))
  const failing = names(/^✗ ([\w-]+):/gm).filter((one) => !excused.has(one))
  const failed = code === 0 ? [] : [...new Set([...failing, ...differing])]
  for (const scenario of failed) {
    say(
      `  ${scenario}: ${failures(results, scenario).join('; ') || 'passes: remove its line from the baseline'}`,
    )
  }
  if (code === null) say('  took too long')
  else if (code !== 0 && failed.length === 0) say((out + err).trim().slice(-2_000))
  const count = { passed: passed.length, failed: code === 0 ? 0 : Math.max(1, failed.length) }
  return report({ name: `conformance of ${name}`, ...count }, startedAt)
}

/**
 * Returns the failures of a scenario.
 * @param {string} results folder
 * @param {string} scenario
 * @returns {string[]}
 */
function failures(results, scenario) {
  const found = readdirSync(results).find((folder) => folder.startsWith(`server-${scenario}-20`))
  if (found === undefined) return []
  /** @type {{ id: string, status: string, errorMessage?: string }[]} */
  const checks = JSON.parse(readFileSync(join(results, found, 'checks.json'), 'utf8'))
  return checks
    .filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
    .map(({ id, errorMessage }) => `${id}: ${errorMessage ?? 'failed'}`)
}

/**
 * Runs the Inspector's calls to one target, one after the other.
 * @param {string} node
 * @param {string} folder
 * @param {string} lane
 * @param {string[]} target
 * @returns {Promise<Count>}
 */
async function runInspector(node, folder, lane, target) {
  say(`the Inspector over ${lane} …`)
  const startedAt = performance.now()
  const inspector = inValidators('@modelcontextprotocol/inspector/clients/launcher/build/index.js')
  // The Inspector stores its state in the home directory, and secrets (there are none) in the desktop's secret store.
  const env = { HOME: folder, MCP_INSPECTOR_SECRET_STORE: 'memory' }
  const count = { passed: 0, failed: 0 }
  for (const { name, args, code: wanted, find } of calls(lane)) {
    const all = [inspector, '--cli', ...target, ...args, '--format', 'json', '--stored-auth-only']
    const { code, out, err } = await run(node, all, { env, timeoutMs: CALL_MS })
    try {
      if (code !== wanted) throw new Error(`exit code ${code}, expected ${wanted}: ${(err + out).trim()}`)
      find(JSON.parse(out).result, err)
      count.passed += 1
    } catch (error) {
      count.failed += 1
      say(`  ${lane}, ${name}: ${error instanceof Error ? error.message.slice(0, 1_000) : error}`)
    }
  }
  return report({ name: `the Inspector over ${lane}`, ...count }, startedAt)
}

/**
 * @param {Count} count
 * @param {number} startedAt
 */
function report(count, startedAt) {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  say(`${count.name}: ${count.passed} passed, ${count.failed} failed in ${seconds} s`)
  return count
}
