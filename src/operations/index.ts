/** The table: every operation of the product, in the order of the documentation. */
import { getServer, getStatus, logout, requestPairingCode, startAuth } from './link.ts'
import { sendMessage } from './messages.ts'
import type { Operation } from './operation.ts'

export const OPERATIONS: readonly Operation[] = [
  getServer,
  getStatus,
  startAuth,
  requestPairingCode,
  sendMessage,
  logout,
]
