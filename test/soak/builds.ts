/** The tests on other builds of WhatsApp Web: what passes on the newest must pass on each. */
import { builds, newestBuild } from '../../simulator/builds.ts'
import { type RunSuite, runTests } from './suite-run.ts'

type Build = { name: string }

/** All but the newest, which `npm test` runs on. */
export const OTHER_BUILDS: readonly Build[] = builds.filter((build) => build !== newestBuild)

/** Tests that name their builds stay on them. */
export const runOnBuild: RunSuite<Build> = ({ name }, args, say) => {
  say(`on build ${name}`)
  return runTests(args, { SIMULATED_BUILD: name }, say)
}
