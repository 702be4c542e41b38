/** The WhatsApp Web builds that the double can serve, newest first. */
import { build1034 } from './builds/2.3000.1034.ts'
import { build1045GroupsFail } from './builds/2.3000.1045-groups-fail.ts'
import { build1048 } from './builds/2.3000.1048.ts'
import { build1049 } from './builds/2.3000.1049.ts'
import type { BuildName } from './simulator.ts'
import type { BuildFacts } from './wire.ts'

/** To add a build: one small file in `builds/` and one line here. */
export const builds: readonly BuildFacts[] = [build1049, build1048, build1045GroupsFail, build1034]

/** Returns the build called `name`; throws for an unknown one, with the list of builds. */
export function findBuild(name: BuildName): BuildFacts {
  const build = builds.find((candidate) => candidate.name === name)
  if (build) return build
  throw new Error(
    `simulator: no build ${JSON.stringify(name)}; there are ${builds.map((b) => b.name).join(', ')}`,
  )
}

export const newestBuild: BuildFacts = build1049

/** The build that this run serves unless a test names one: that of the variable `SIMULATED_BUILD`, else the newest. */
export const buildOfRun = (): BuildFacts => findBuild(process.env.SIMULATED_BUILD ?? newestBuild.name)

/** The newest build whose message keys own `_serialized`: the last one on which an unpatched 1.34.7 works. */
export const newestBuildWithSerialized: BuildFacts = build1034

/** The newest build on which an unpatched 1.34.7 still links, reads and sends text, with its known errors. */
export const newestBuildThatLinks: BuildFacts = build1048
