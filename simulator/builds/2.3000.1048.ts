/** A build of autumn 2026: message keys own `$1` and no `_serialized` (OpenWA#757, wa-js#3484). */
import type { BuildFacts } from '../wire.ts'

export const build1048: BuildFacts = {
  name: '2.3000.1048116627',
  msgKeyField: '$1',
  createsGroups: true,
}
