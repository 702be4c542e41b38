/** Entry of the page's script: what Chromium runs at https://web.whatsapp.com/. */
import { startPage } from './boot.ts'
import { actAtLoad } from './fault-acts.ts'
import { isOn } from './faults.ts'
import { defineActingModules } from './modules/acting.ts'
import { defineBlocking } from './modules/blocking.ts'
import { defineCalls } from './modules/calls.ts'
import { defineChannels } from './modules/channels.ts'
import { defineForwarding } from './modules/forwarding.ts'
import { defineGroupMembers } from './modules/group-members.ts'
import { defineGroups } from './modules/groups.ts'
import { defineMediaModules } from './modules/media.ts'
import { defineMessageActionModules } from './modules/message-actions.ts'
import { defineMessageInfo } from './modules/message-info.ts'
import { definePeopleModules } from './modules/people-and-groups.ts'
import { definePictures } from './modules/pictures.ts'
import { defineProfile } from './modules/profile.ts'
import { defineReadingModules } from './modules/reading.ts'
import { defineStartModules } from './modules/start.ts'
import { defineStatus } from './modules/status.ts'
import { boot } from './page.ts'
import { defineBootloader, requireModule } from './registry.ts'
import { readRegistration } from './storage.ts'

declare global {
  interface Window {
    Debug?: { VERSION: string }
    require?: (name: unknown) => unknown
  }
}

defineBootloader()
defineStartModules()
defineReadingModules()
defineActingModules()
defineMessageActionModules()
defineForwarding()
defineMessageInfo()
definePeopleModules()
defineGroupMembers()
defineGroups()
defineBlocking()
defineCalls()
defineChannels()
definePictures()
defineProfile()
defineStatus()
defineMediaModules()
window.require = requireModule

// The keys are created before a client can request them.
void readRegistration().then(() => {
  const showVersion = (): void => {
    if (!isOn('version_never')) window.Debug = { VERSION: boot.build.name }
  }
  if (!isOn('sync_before_attach')) showVersion()
  actAtLoad()
  return startPage(showVersion)
})
