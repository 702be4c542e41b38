/** A build of September 2026: `$1` as in July, and modules that load on demand (wa-js#3582, #3653, #3668). */
import type { BuildFacts } from '../wire.ts'
import { build1034 } from './2.3000.1034.ts'

export const build1048: BuildFacts = {
  ...build1034,
  name: '2.3000.1048116627',
  msgKeyField: '$1',
  lazyModules: {
    WAWebChatForwardMessage: 'WAWebMediaForwardMediaMsg',
    WAWebGroupInviteJob: 'WAWebGroupInviteLinkDrawer.react',
    WAWebMexFetchGroupInviteCodeJob: 'WAWebGroupInviteLinkDrawer.react',
    WAWebGroupCreateJob: 'WAWebNewGroupFlow.react',
    WAWebGenerateEventCallLink: 'WAWebEventsCreateEventModalFlow.react',
  },
  findsChats: false,
  hasAvParams: false,
  blocksByPhone: false,
  previewsForAll: false,
  rejectsCalls: false,
  mediaOwnsId: true,
  takesObjects: true,
  reportsStatus: true,
  albums: 'on',
}
