/** A vitest reporter that writes how many tests passed and failed into the file named by TEST_COUNTS_FILE. */

import { writeFileSync } from 'node:fs'

export default class CountReporter {
  /**
   * A file that could not be loaded, a suite whose hook threw and an error outside of all tests count as failed too,
   * because their tests did not run.
   * @param {ReadonlyArray<import('vitest/node').TestModule>} modules
   * @param {ReadonlyArray<unknown>} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length }
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') counts.passed++
        if (state === 'failed' || state === 'pending') counts.failed++
      }
      if (module.errors().length > 0) counts.failed++
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) counts.failed++
      }
    }
    const file = process.env.TEST_COUNTS_FILE
    if (file) writeFileSync(file, JSON.stringify(counts))
  }
}
