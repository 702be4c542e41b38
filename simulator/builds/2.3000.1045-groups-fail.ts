/** A build of mid 2026 on which creating a group fails (OpenWA's engine notes); message keys own `$1`. */
import type { BuildFacts } from '../wire.ts'

export const build1045GroupsFail: BuildFacts = {
  name: '2.3000.1045210364',
  msgKeyField: '$1',
  createsGroups: false,
}
