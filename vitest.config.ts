import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** They wait for a minute or more: begun last, as their size would have it, one worker has nothing to do meanwhile. */
const LONG = /\/test\/(falls|states|slow|kills|malformed|link-mcp|capabilities)\.test\.ts$/

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) => LONG.test(moduleId)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'simulator/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    // One more than the cores of CI: tests mostly wait.
    maxWorkers: 3,
    // A loaded machine takes many times as long, and a test that hangs is rare.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    restoreMocks: true,
    // For whoever polls and says nothing: a browser starts in more than the usual second where much else runs.
    expect: { poll: { timeout: 30_000 } },
    // Computers that run tests often have UTC, where what is taken for local time by mistake does not show.
    env: { TZ: process.env.TZ ?? 'America/St_Johns' },
    sequence: { sequencer: LongFirst },
  },
})
