/** The WhatsApp Web builds that the double can serve, newest first: the first one is the default. */
import { build1034 } from './builds/2.3000.1034.ts'
import { build1045GroupsFail } from './builds/2.3000.1045-groups-fail.ts'
import { build1048 } from './builds/2.3000.1048.ts'
import type { BuildName } from './simulator.ts'
import type { BuildFacts } from './wire.ts'

/** A build that comes next year: one small file in `builds/` and one line here. */
export const builds: readonly BuildFacts[] = [build1048, build1045GroupsFail, build1034]

/** The build called `name`; throws for an unknown one, naming those there are. */
export function findBuild(name: BuildName): BuildFacts {
  const build = builds.find((candidate) => candidate.name === name)
  if (build) return build
  throw new Error(
    `simulator: no build ${JSON.stringify(name)}; there are ${builds.map((b) => b.name).join(', ')}`,
  )
}

/** Default build: the newest. */
export const newestBuild: BuildFacts = build1048

/** Newest build whose message keys still own `_serialized`: the last that an unpatched 1.34.7 works on. */
export const newestBuildWithSerialized: BuildFacts = build1034
