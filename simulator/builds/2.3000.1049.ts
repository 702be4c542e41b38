/** A build of October 2026: everything that has changed since April, on the accounts that suffer most. */
import type { BuildFacts } from '../wire.ts'
import { build1048 } from './2.3000.1048.ts'

export const build1049: BuildFacts = {
  ...build1048,
  name: '2.3000.1049045808',
  // Nothing promises which modules come at once.
  lazyModules: { ...build1048.lazyModules, WAWebMsgReply: 'WAWebMsgReply' },
  brokenModules: ['WAWebChatForwardMessage'],
  checksMimetype: true,
  idlesSilently: true,
  showsNews: true,
  guardsStatus: true,
  commsInWorker: true,
}
