import { PURE } from './pure.js'

/** https://stryker-mutator.io/docs/stryker-js/configuration */
export default {
  plugins: ['@stryker-mutator/vitest-runner'],
  testRunner: 'vitest',
  vitest: { configFile: 'tools/mutate/vitest.config.ts', related: false },
  mutate: PURE,
  // TypeScript 7 has no API in JavaScript: a file that is not there keeps Stryker from asking for one.
  tsconfigFile: 'tools/mutate/tsconfig.json',
  concurrency: 1,
  reporters: ['clear-text'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  tempDirName: '.stryker-tmp',
  ignorePatterns: ['dist', 'docs', 'simulator', 'bench', 'tools/validate'],
}
