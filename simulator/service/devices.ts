/** Finds linked devices by the credentials that a page presents. */
import type { Credentials } from '../wire.ts'
import type { Account, Device } from './accounts.ts'
import type { Context } from './context.ts'
import type { Random } from './random.ts'

/** A device's id: names its companion, and is never reused. */
export function makeDeviceId(random: Random, index: number): string {
  return `device-${index}-${random.hex(8).toLowerCase()}`
}

/** The link that these credentials open, or the way in which they are rejected. */
export function findLink(
  context: Context,
  credentials: Credentials,
): { account: Account; device: Device } | { removed: true; navigate: boolean } {
  for (const account of context.accounts.all()) {
    const device = account.devices.get(credentials.deviceId)
    const known =
      device?.localSecret === credentials.localSecret && device.databaseSecret === credentials.databaseSecret
    if (device && known) return { account, device }
    const removed = account.removed.get(credentials.deviceId)
    if (removed) return { removed: true, navigate: removed.navigate }
  }
  return { removed: true, navigate: true }
}

/** A new device receives the whole history when it is linked: nothing of it is backlog later. */
export function rememberHistoryAsGiven(account: Account, device: Device): void {
  account.messages.giveAll(device.id)
}
