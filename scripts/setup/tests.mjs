/** Runs the tests and ends with the line `N passed, N failed`. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { binOf, inRoot } from './paths.mjs'
import { say } from './progress.mjs'
import { runNode } from './run.mjs'

/**
 * @param {string[]} args passed to vitest: files, `-t name`, …
 * @returns {Promise<number>} exit code; also not 0 if no test ran
 */
export async function runTests(args) {
  const folder = mkdtempSync(join(tmpdir(), 'whatsapp-mcp-api-tests-'))
  const countsFile = join(folder, 'counts.json')
  try {
    const reporters = [`--reporter=${inRoot('scripts/ci-reporter.mjs')}`]
    if (!args.some((arg) => arg.startsWith('--reporter'))) reporters.unshift('--reporter=default')
    const { code } = await runNode([binOf('vitest'), 'run', ...reporters, ...args], {
      env: { TEST_COUNTS_FILE: countsFile },
    })
    const { passed, failed } = readCounts(countsFile)
    if (passed + failed === 0) say('no tests ran')
    // A run can fail without a failed test, such as by a crash. The line must not look like a success.
    const shown = failed === 0 && code !== 0 && passed > 0 ? 1 : failed
    console.log(`${passed} passed, ${shown} failed`)
    return code !== 0 ? code : shown > 0 || passed === 0 ? 1 : 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * @param {string} file
 * @returns {{ passed: number, failed: number }}
 */
function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { passed: 0, failed: 0 }
  }
}
