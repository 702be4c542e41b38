/** A build of early 2026: message keys own `_serialized`, an unpatched whatsapp-web.js 1.34.7 works on it. */
import type { BuildFacts } from '../wire.ts'

export const build1034: BuildFacts = {
  name: '2.3000.1034728815',
  msgKeyField: '_serialized',
  createsGroups: true,
  lazyModules: {},
  brokenModules: [],
  mediaOwnsId: false,
  checksMimetype: false,
  takesObjects: false,
  idlesSilently: false,
  showsNews: false,
  guardsStatus: false,
  reportsStatus: false,
  findsChats: true,
  blocksByPhone: true,
  hasAvParams: true,
  managesChannels: true,
  previewsForAll: true,
  rejectsCalls: true,
  commsInWorker: false,
  albums: 'missing',
}
