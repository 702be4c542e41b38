import { defineConfig } from 'vitest/config'
import { PURE } from './pure.js'

/** The unit tests beside the pure modules, and no others: a mutant is tried in milliseconds. */
export default defineConfig({
  test: { include: PURE.map((file) => file.replace(/\.ts$/, '.test.ts')), pool: 'forks', maxWorkers: 1 },
})
