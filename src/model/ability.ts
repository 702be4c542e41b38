/** What WhatsApp Web must offer, in groups that work or fail together: operations name the ones that they use. */

/** Each ability in words, as the subject of a sentence. */
export const ABILITIES = {
  link: 'Loading the session',
  link_device: 'Linking by QR code',
  pairing_code: 'Linking by pairing code',
  log_out: 'Logging out',
  receive: 'Receiving messages',
  receive_reactions: 'Receiving reactions',
  receive_votes: 'Receiving votes in polls',
  receive_calls: 'Reporting calls',
  reject_call: 'Rejecting a call',
  find_number: 'Looking up a phone number',
  send_text: 'Sending a text',
  reply: 'Replying to a message',
  react: 'Reacting to a message',
  edit: 'Editing a message',
  delete: 'Deleting a message',
  star: 'Starring a message',
  pin: 'Pinning a message',
  forward: 'Forwarding a message',
  vote: 'Voting in a poll',
  create_group: 'Creating a group',
  read_groups: 'Reading the settings of groups',
  change_group: 'Changing a group',
  change_members: 'Changing the members of a group',
  leave_group: 'Leaving a group',
  group_invite: 'Reading the invite of a group',
  join_group: 'Joining a group by its invite',
  join_requests: 'Reading and answering join requests',
  change_chat: 'Changing a chat',
  read_chat: 'Marking a chat as read',
  show_state: 'Showing that this account types',
  delete_chat: 'Deleting a chat',
  block_person: 'Blocking a person',
  read_profile: 'Reading the own profile',
  change_profile: 'Changing the own profile',
  show_presence: 'Showing that this account is online',
  read_picture: 'Reading profile pictures',
  set_picture: 'Setting a profile picture',
  read_presence: 'Reading whether a person is online',
  read_blocked: 'Reading the list of blocked people',
  read_channels: 'Reading the list of channels',
  follow_channel: 'Following a channel',
  post_in_channel: 'Posting in a channel',
  post_status: 'Posting a status update',
  post_status_media: 'Posting media as a status update',
  delete_status: 'Deleting a status update',
  read_labels: 'Reading labels',
  set_labels: 'Labelling a chat',
  read_votes: 'Reading the votes in a poll',
  read_receipts: 'Reading the receipts of a message',
  fetch_media: 'Downloading media',
  send_media: 'Sending media',
  send_album: 'Sending an album',
  read_chats: 'Reading the list of chats',
  read_contacts: 'Reading the list of contacts',
  read_history: 'Reading older messages',
} as const satisfies Record<string, string>

export type Ability = keyof typeof ABILITIES

/** The result of looking for all that the abilities need in a page of WhatsApp Web. Nothing is called. */
export type SelfCheck = {
  /** The build, such as "2.3000.1049045808"; `unknown` if the page does not say. */
  build: string
  /** False: the build is newer than all that this version was tested with. */
  isKnown: boolean
  /** What is missing, for each ability that lacks something. */
  missing: Partial<Record<Ability, string[]>>
}

/** The state of an ability, by the last check or by what happened since. */
export type AbilityState = {
  state: 'works' | 'broken' | 'unknown'
  /** One clause; null if it works. */
  why: string | null
  /** Unix ms; null before the first check. */
  since: number | null
}
