/** What each ability needs of the page: modules of WhatsApp Web and their exports, as 1.34.7 and our own code use them. */
import type { Ability } from '../../../model/ability.ts'

/** `Module.path.to.export`; with `()` it must be a function. ` or `: one of them is enough. */
export const NEEDS: Record<Ability, readonly string[]> = {
  link: [
    'WAWebSocketModel.Socket.on()',
    'WAWebCollections.Msg.on()',
    'WAWebCollections.Chat.on()',
    'WAWebUserPrefsMeUser.getMaybeMePnUser()',
    'WAWebUserPrefsMeUser.getMaybeMeLidUser()',
  ],
  link_device: [
    'WAWebConnModel.Conn.on()',
    'WABase64.encodeB64()',
    'WAWebCompanionRegClientUtils.DEVICE_PLATFORM',
    'WAWebUserPrefsInfoStore.waNoiseInfo.get()',
    'WAWebSignalStoreApi.waSignalStore.getRegistrationInfo()',
    'WAWebUserPrefsMultiDevice.getADVSecretKey()',
  ],
  pairing_code: [
    'WAWebAltDeviceLinkingApi.setPairingType()',
    'WAWebAltDeviceLinkingApi.initializeAltDeviceLinking()',
    'WAWebAltDeviceLinkingApi.startAltLinkingFlow()',
  ],
  log_out: ['WAWebSocketModel.Socket.logout()'],
  receive: ['WAWebMsgKey.newId()', 'WAWebCollections.Msg.get()'],
  receive_reactions: ['WAWebAddonReactionTableMode.reactionTableMode.bulkUpsert()'],
  receive_votes: ['WAWebAddonPollVoteTableMode.pollVoteTableMode.bulkUpsert()'],
  receive_calls: ['WAWebCallCollection.on()'],
  reject_call: ['WAWebCallCollection.on()', 'WAWebVoipStackInterface.getVoipStackInterface()'],
  find_number: ['WAWebWidFactory.createWid()', 'WAWebQueryExistsJob.queryWidExists()'],
  send_text: [
    'WAWebWidFactory.createWid()',
    'WAWebWidFactory.asUserWidOrThrow()',
    'WAWebFindChatAction.findOrCreateLatestChat()',
    'WAWebChatGetters.getIsNewsletter()',
    'WAWebChatGetters.getIsBroadcast()',
    'WAWebMsgKey.newId()',
    'WAWebGetEphemeralFieldsMsgActionsUtils.getEphemeralFields()',
    'WAWebSendMsgChatAction.addAndSendMsgToChat()',
  ],
  reply: ['WAWebMsgReply.canReplyMsg()', 'WAWebCollections.Msg.getMessagesById()'],
  react: ['WAWebSendReactionMsgAction.sendReactionToMsg()', 'WAWebCollections.Msg.getMessagesById()'],
  edit: [
    'WAWebMsgActionCapability.canEditText()',
    'WAWebMsgActionCapability.canEditCaption()',
    'WAWebSendMessageEditAction.sendMessageEdit()',
  ],
  delete: [
    'WAWebMsgActionCapability.canSenderRevokeMsg()',
    'WAWebMsgActionCapability.canAdminRevokeMsg()',
    'WAWebCmd.Cmd.sendRevokeMsgs()',
    'WAWebCmd.Cmd.sendDeleteMsgs()',
  ],
  star: [
    'WAWebMsgActionCapability.canStarMsg()',
    'WAWebCmd.Cmd.sendStarMsgs()',
    'WAWebCmd.Cmd.sendUnstarMsgs()',
  ],
  pin: [
    'WAWebSendPinMessageAction.sendPinInChatMsg()',
    'WAWebPinMsgConstants.getPinExpiryOption() or WAWebPinMsgConstants.getPinExpiryDuration()',
  ],
  forward: [
    'WAWebChatForwardMessage.forwardMessages()',
    'WAWebSendMsgChatAction.addAndSendMsgToChat()',
    'WAWebWidFactory.asUserWidOrThrow()',
    'WAWebMsgActionCapability',
    'WAWebFindChatAction.findOrCreateLatestChat()',
  ],
  vote: ['WAWebPollsSendVoteMsgAction.sendVote()'],
  create_group: [
    'WAWebWidFactory.createWid()',
    'WAWebGroupCreateJob.createGroup()',
    'WAWebQueryExistsJob.queryWidExists()',
  ],
  read_groups: ['WAWebCollections.Chat.getModelsArray()'],
  change_group: [
    'WAWebWidFactory.createWid()',
    'WAWebMsgKey.newId()',
    'WAWebGroupModifyInfoJob.setGroupSubject()',
    'WAWebGroupModifyInfoJob.setGroupDescription()',
    'WAWebSetPropertyGroupAction.setGroupProperty()',
  ],
  change_members: [
    'WAWebWidFactory.createWid()',
    'WASmaxGroupsAddParticipantsRPC.sendAddParticipantsRPC()',
    'WAWebGroupModifyParticipantsJob.removeGroupParticipants() or WAWebModifyParticipantsGroupAction.removeParticipants()',
    'WAWebGroupModifyParticipantsJob.promoteGroupParticipants() or WAWebModifyParticipantsGroupAction.promoteParticipants()',
    'WAWebGroupModifyParticipantsJob.demoteGroupParticipants() or WAWebModifyParticipantsGroupAction.demoteParticipants()',
    'WAWebQueryExistsJob.queryWidExists()',
    'WAWebWidToJid.widToUserJid()',
    'WAWebWidToJid.widToGroupJid()',
    'WAWebJidToWid.userJidToUserWid()',
  ],
  leave_group: ['WAWebExitGroupAction.sendExitGroup()'],
  group_invite: [
    'WAWebWidFactory.createWid()',
    'WAWebMexFetchGroupInviteCodeJob.fetchMexGroupInviteCode()',
    'WAWebGroupInviteJob.resetGroupInviteCode() or WAWebGroupQueryJob.resetGroupInviteCode()',
  ],
  join_group: ['WAWebGroupQueryJob.queryGroupInvite()', 'WAWebGroupInviteJob.joinGroupViaInvite()'],
  join_requests: [
    'WAWebWidFactory.createWid()',
    'WAWebWidToJid.widToUserJid()',
    'WAWebWidToJid.widToGroupJid()',
    'WAWebApiMembershipApprovalRequestStore.getMembershipApprovalRequests()',
    'WASmaxGroupsMembershipRequestsActionRPC.sendMembershipRequestsActionRPC()',
  ],
  change_chat: ['WAWebCmd.Cmd.archiveChat()', 'WAWebCmd.Cmd.pinChat()', 'WAWebCmd.Cmd.markChatUnread()'],
  read_chat: [
    'WAWebUpdateUnreadChatAction.sendSeen()',
    'WAWebStreamModel.Stream.markAvailable()',
    'WAWebStreamModel.Stream.markUnavailable()',
  ],
  show_state: [
    'WAWebChatStateBridge.sendChatStateComposing()',
    'WAWebChatStateBridge.sendChatStateRecording()',
    'WAWebChatStateBridge.sendChatStatePaused()',
  ],
  delete_chat: ['WAWebDeleteChatAction.sendDelete()'],
  block_person: [
    'WAWebWidFactory.createWid()',
    'WAWebQueryExistsJob.queryWidExists()',
    'WAWebBlockContactAction.blockContact()',
    'WAWebBlockContactAction.unblockContact()',
    'WAWebCollections.Blocklist.get()',
  ],
  read_profile: ['WAWebConnModel.Conn.on()', 'WAWebContactStatusBridge.getStatus()'],
  change_profile: [
    'WAWebConnModel.Conn.canSetMyPushname()',
    'WAWebSetPushnameConnAction.setPushname()',
    'WAWebContactStatusBridge.setMyStatus()',
  ],
  show_presence: [
    'WAWebPresenceChatAction.sendPresenceAvailable()',
    'WAWebPresenceChatAction.sendPresenceUnavailable()',
    'WAWebStreamModel.Stream.markUnavailable()',
  ],
  read_picture: [
    'WAWebWidFactory.createWid()',
    'WAWebQueryExistsJob.queryWidExists()',
    'WAWebContactProfilePicThumbBridge.requestProfilePicFromServer()',
  ],
  set_picture: [
    'WAWebWidFactory.createWid()',
    'WAWebContactProfilePicThumbBridge.requestProfilePicFromServer()',
    'WAWebContactProfilePicThumbBridge.sendSetPicture()',
    'WAWebContactProfilePicThumbBridge.requestDeletePicture()',
  ],
  read_presence: ['WAWebCollections.Chat.get()'],
  read_blocked: ['WAWebWidFactory.createWid()', 'WAWebCollections.Blocklist.getModelsArray()'],
  read_channels: ['WAWebCollections.WAWebNewsletterCollection.getModelsArray()'],
  follow_channel: [
    'WAWebCollections.WAWebNewsletterCollection.get()',
    'WAWebNewsletterSubscribeAction.subscribeToNewsletterAction()',
    'WAWebNewsletterUnsubscribeAction.unsubscribeFromNewsletterAction()',
    'WAWebLoadNewsletterPreviewChatAction.loadNewsletterPreviewChat()',
  ],
  post_in_channel: [
    'WAWebNewsletterSendMessageJob.sendNewsletterMessageJob()',
    'WAWebNewsletterUpdateMsgsRecordsJob.addNewsletterMsgsRecords()',
    'WAWebNewsletterUpdateMsgsRecordsJob.updateNewsletterMsgRecord()',
    'WAWebMsgDataFromModel.msgDataFromMsgModel()',
  ],
  post_status: [
    'WAWebSendStatusMsgAction.sendStatusTextMsgAction()',
    'WAWebCollections.Msg.on()',
    'WAWebMsgKey.newId()',
  ],
  post_status_media: [
    'WAWebSendStatusMsgAction.sendStatusMediaMsgAction()',
    'WAWebStatusGatingUtils',
    'WAWebMsgDataFromModel.msgDataFromMsgModel()',
  ],
  delete_status: [
    'WAWebRevokeStatusAction.sendStatusRevokeMsgAction()',
    'WAWebCollections.Status.getMyStatus()',
    'WAWebCollections.Msg.getMessagesById()',
  ],
  read_labels: ['WAWebConnModel.Conn.on()', 'WAWebCollections.Label.getModelsArray()'],
  set_labels: ['WAWebConnModel.Conn.on()', 'WAWebCollections.Label.addOrRemoveLabels()'],
  read_votes: ['WAWebPollsVotesSchema.getTable()', 'WAWebCollections.Msg.getMessagesById()'],
  read_receipts: ['WAWebApiMessageInfoStore.queryMsgInfo()'],
  fetch_media: [
    'WAWebDownloadManager.downloadManager.downloadAndMaybeDecrypt()',
    'WAWebCollections.Msg.getMessagesById()',
  ],
  send_media: [
    'WAWebMediaOpaqueData.createFromData()',
    'WAWebPrepRawMedia.prepRawMedia()',
    'WAWebMediaStorage.getOrCreateMediaObject()',
    'WAWebMmsMediaTypes.msgToMediaType()',
    'WAWebMediaDataUtils.shouldUseMediaCache()',
    'WAWebMediaMmsV4Upload.uploadMedia()',
  ],
  send_album: [
    'WAWebMediaGatingUtils.isAlbumV2SenderEnabled()',
    'WAWebMsgType.MsgKind.Album',
    'WAWebSendMsgChatAction.addAndSendMsgToChat()',
  ],
  read_chats: ['WAWebCollections.Chat.getModelsArray()'],
  read_contacts: ['WAWebCollections.Contact.getModelsArray()'],
  read_history: ['WAWebWidFactory.createWid()', 'WAWebChatLoadMessages.loadEarlierMsgs()'],
}

/** Builds up to this one were seen; the last number of their names. Source: wa-version and OpenWA, October 2026. */
export const NEWEST_SEEN = 1_049_170_010

/** True if this version was made for builds like this one. */
export function isKnownBuild(build: string): boolean {
  const number = Number(/^2\.3000\.(\d+)/.exec(build)?.[1])
  return number <= NEWEST_SEEN
}

/** Components that bring modules which load on demand, as measured on cold pages (wa-js: loader/lazyModules.ts). */
export const COMPONENTS: Record<string, readonly string[]> = {
  WAWebChatForwardMessage: ['WAWebMediaForwardMediaMsg', 'WAWebForwardMessageFlow.react'],
  WAWebForwardMessagesToChat: ['WAWebMediaForwardMediaMsg', 'WAWebForwardMessageFlow.react'],
  WAWebGroupInviteJob: ['WAWebGroupInviteLinkDrawer.react', 'WAWebGroupInviteLinkModal.react'],
  WAWebGroupInviteAction: ['WAWebGroupInviteLinkDrawer.react', 'WAWebGroupInviteLinkModal.react'],
  WAWebMexFetchGroupInviteCodeJob: ['WAWebGroupInviteLinkDrawer.react', 'WAWebGroupInviteLinkModal.react'],
  WAWebGroupCreateJob: ['WAWebNewGroupFlow.react'],
  WAWebGroupCommunityJob: ['WAWebDeactivateCommunityDrawer.react'],
  WAWebGenerateEventCallLink: ['WAWebEventsCreateEventModalFlow.react'],
  WAWebSetPrivacyForOneCategoryAction: ['WAWebPrivacyVisibilityEditDrawer.react'],
}
