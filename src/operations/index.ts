/** The operations table, in the order of the documentation. */
import {
  addAccount,
  changeAccount,
  getAccount,
  listAccounts,
  removeAccount,
  restartAccount,
  stopAccount,
} from './accounts.ts'
import { forgetChat, getArchiveStats } from './archive.ts'
import { listUnread, listWaiting } from './attention.ts'
import { listAudit } from './audit.ts'
import { rejectCall } from './calls.ts'
import { defineCapabilities } from './capabilities.ts'
import { followChannel, listChannels } from './channels.ts'
import { changeChat, changeChats, deleteChat, readChat, setChatPresence } from './chat-changes.ts'
import { getChat, listChats } from './chats.ts'
import { getContact, listContacts } from './contacts.ts'
import { loadEarlier } from './earlier.ts'
import { listEvents, streamEvents } from './events.ts'
import { exportArchive } from './export.ts'
import { forwardMessage } from './forward.ts'
import { getGroupInvite, getInvite, joinGroup, resetGroupInvite } from './group-invites.ts'
import {
  answerJoinRequests,
  changeGroupMembers,
  listGroupMembers,
  listJoinRequests,
} from './group-members.ts'
import { changeGroup, createGroup, getGroup, leaveGroup, listGroups } from './groups.ts'
import { getMessage, readMessages } from './history.ts'
import { addKey, changeKey, getKey, listKeys, removeKey, rotateKey } from './keys.ts'
import { listLabels, setChatLabels } from './labels.ts'
import { getServer, getStatus, logout, requestPairingCode, startAuth } from './link.ts'
import { downloadMedia, getMedia, getThumbnail, readMedia } from './media.ts'
import { deleteMessage, editMessage, pinMessage, react, starMessage, vote } from './message-actions.ts'
import { sendMessage } from './messages.ts'
import type { Operation, Row } from './operation.ts'
import {
  approveOutboxItem,
  cancelOutboxItem,
  changeOutboxItem,
  getOutboxItem,
  listOutbox,
  rejectOutboxItem,
} from './outbox.ts'
import { blockContact, checkNumbers, listBlocked } from './people.ts'
import {
  getContactPicture,
  getGroupPicture,
  getPicture,
  getProfilePicture,
  setGroupPicture,
  setProfilePicture,
} from './pictures.ts'
import { getPollResults } from './polls.ts'
import { changeProfile, getPresence, getProfile, setPresence } from './profile.ts'
import { getReceipts } from './receipts.ts'
import { listRules } from './rules.ts'
import { searchMessages } from './search.ts'
import { sendMedia } from './send-media.ts'
import { sendContacts, sendLocation, sendPoll, sendToChat } from './send-to-chat.ts'
import { deleteStatusUpdate, listStatusUpdates, postStatusUpdate } from './status-updates.ts'
import { enableToolset, listToolsets } from './toolsets.ts'
import { uploadFile } from './uploads.ts'
import {
  addWebhook,
  changeWebhook,
  getWebhook,
  listDeliveries,
  listWebhooks,
  removeWebhook,
  replayWebhook,
  retryDelivery,
  rotateWebhookSecret,
  testWebhook,
} from './webhooks.ts'

const getCapabilities = defineCapabilities(() => ROWS)

export const OPERATIONS: readonly Operation[] = [
  getServer,
  getStatus,
  getCapabilities,
  startAuth,
  requestPairingCode,
  sendMessage,
  sendToChat,
  sendLocation,
  sendContacts,
  sendPoll,
  sendMedia,
  react,
  editMessage,
  deleteMessage,
  starMessage,
  pinMessage,
  vote,
  forwardMessage,
  getReceipts,
  listGroups,
  getGroup,
  createGroup,
  changeGroup,
  setGroupPicture,
  listGroupMembers,
  changeGroupMembers,
  getGroupInvite,
  resetGroupInvite,
  getInvite,
  joinGroup,
  // Its example leaves the group that the one before joins.
  leaveGroup,
  listJoinRequests,
  answerJoinRequests,
  getPollResults,
  listChats,
  getChat,
  changeChat,
  changeChats,
  readChat,
  setChatPresence,
  deleteChat,
  listLabels,
  setChatLabels,
  listUnread,
  listWaiting,
  readMessages,
  getMessage,
  downloadMedia,
  readMedia,
  searchMessages,
  loadEarlier,
  listContacts,
  getContact,
  getPresence,
  getPicture,
  blockContact,
  rejectCall,
  listBlocked,
  checkNumbers,
  getProfile,
  changeProfile,
  setProfilePicture,
  setPresence,
  listChannels,
  followChannel,
  postStatusUpdate,
  listStatusUpdates,
  deleteStatusUpdate,
  listEvents,
  getArchiveStats,
  forgetChat,
  logout,
  listOutbox,
  getOutboxItem,
  approveOutboxItem,
  rejectOutboxItem,
  cancelOutboxItem,
  changeOutboxItem,
  listAccounts,
  addAccount,
  getAccount,
  changeAccount,
  stopAccount,
  restartAccount,
  removeAccount,
  listKeys,
  addKey,
  getKey,
  changeKey,
  rotateKey,
  removeKey,
  listAudit,
  listWebhooks,
  addWebhook,
  getWebhook,
  changeWebhook,
  rotateWebhookSecret,
  testWebhook,
  listDeliveries,
  retryDelivery,
  replayWebhook,
  removeWebhook,
  listRules,
  listToolsets,
  enableToolset,
]

/** True if the row only reads, and needs no more than the scope `read`. */
export function isReading(row: Row): boolean {
  return row.scope === 'read' && (!('effect' in row) || row.effect === 'read')
}

/** Everything that has a route under `/api`: the operations, and what is not JSON. */
export const ROWS: readonly Row[] = [
  ...OPERATIONS,
  uploadFile,
  getMedia,
  getThumbnail,
  getContactPicture,
  getGroupPicture,
  getProfilePicture,
  streamEvents,
  exportArchive,
]
