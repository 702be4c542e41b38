/** A build of July 2026 on which creating a group fails (OpenWA's engine notes); message keys own `$1`. */
import type { BuildFacts } from '../wire.ts'
import { build1034 } from './2.3000.1034.ts'

export const build1045GroupsFail: BuildFacts = {
  ...build1034,
  name: '2.3000.1045210364',
  msgKeyField: '$1',
  createsGroups: false,
  findsChats: false,
  hasAvParams: false,
  managesChannels: false,
  albums: 'off',
}
