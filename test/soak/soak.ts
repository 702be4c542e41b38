/**
 * `npm run soak [-- <run>]`: what takes too long for every change. Ends with 1 if anything failed. On the loopback only; Linux.
 */
import { RUNS } from './runs.ts'

for (const [index, name] of (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).entries()) {
  // What was started ends with this process, see stage.ts and days.ts.
  process.on(name, () => process.exit(129 + index))
}

const [first = 'kills', ...others] = process.argv.slice(2)
// Options alone are those of the kills.
const [name, args] =
  first.startsWith('-') && first !== '--help' ? ['kills', [first, ...others]] : [first, others]
const chosen = Object.hasOwn(RUNS, name) ? RUNS[name] : undefined
if (chosen === undefined) {
  for (const [known, { usage, does }] of Object.entries(RUNS))
    console.log(`npm run soak -- ${known} ${usage}\n    ${does}`)
  process.exitCode = name === '--help' ? 0 : 2
} else {
  try {
    await chosen.run(args)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
