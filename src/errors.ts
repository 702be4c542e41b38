/** Every error that this product returns: one table, one class, one way to throw. Imports nothing. */

/**
 * Whether a caller can retry the request.
 * `safe`: retry at once. `later`: retry after a while. `check_first`: the action may have happened; check before you
 * retry. `after_action`: a person must act first (scan, log out, free disk space). `never`: the same request fails
 * again.
 */
export type Retry = 'safe' | 'later' | 'check_first' | 'after_action' | 'never'

type ErrorRow = {
  /** HTTP status. */
  status: number
  retry: Retry
  /** What is wrong, as one phrase. Stands in the published list, and as the default `detail`. */
  title: string
  /** The next step for the reader, a person or an agent. Imperative. */
  hint: string
  /** Seconds to wait before a retry (`Retry-After`), where an error names no others. */
  retryAfterS?: number
}

/** `code -> { status, retry, title, hint }`. The codes are part of the API: renaming one is a breaking change. */
export const ERRORS = {
  send_scheduled: {
    status: 202,
    retry: 'never',
    title: 'The message is scheduled: it waits in the outbox for its time',
    hint: 'Tell the user when it is sent (`release_at`). The owner can change or cancel it with the command `outbox`, or over REST. Do not send it again.',
  },
  held_for_approval: {
    status: 202,
    retry: 'after_action',
    title: 'The message waits in the outbox and is not sent yet',
    hint: 'Tell the user that it waits, with the id and the recipient of the item. The owner approves, edits or rejects it with the command `outbox`, or over REST. Do not send it again.',
  },
  invalid_input: {
    status: 400,
    retry: 'never',
    title: 'The request is invalid',
    hint: 'Correct the named fields and send the request again.',
  },
  malformed_json: {
    status: 400,
    retry: 'never',
    title: 'The body is not valid JSON in UTF-8',
    hint: 'Send one JSON object, encoded as UTF-8.',
  },
  malformed_request: {
    status: 400,
    retry: 'never',
    title: 'The request is not valid HTTP',
    hint: 'Send one Host header and a well-formed HTTP/1.1 request.',
  },
  cursor_foreign: {
    status: 400,
    retry: 'never',
    title: 'The cursor belongs to another archive',
    hint: 'The server is linked to another account, or the archive was replaced by an older copy. Omit `after` to read new events only, or send `after=0` to start at the oldest stored event.',
  },
  key_required: {
    status: 401,
    retry: 'never',
    title: 'The request needs a valid key',
    hint: 'Send the header Authorization: Bearer KEY with a key that is neither expired nor revoked. The owner of the server creates keys: POST /api/keys.',
  },
  token_invalid: {
    status: 401,
    retry: 'after_action',
    title: 'The access token is not valid',
    hint: 'Get a new access token from the issuer that the metadata names (resource_metadata of the header WWW-Authenticate), for the resource that it names.',
  },
  forbidden_host: {
    status: 403,
    retry: 'never',
    title: 'The Host header is not allowed',
    hint: 'Call the server by a loopback name such as 127.0.0.1 or localhost, or add the name to WHATSAPP_MCP_ALLOWED_HOSTS.',
  },
  forbidden_origin: {
    status: 403,
    retry: 'never',
    title: 'The Origin is not allowed',
    hint: 'Call the API from a program, or from a page of this server. Web pages of other origins have no access.',
  },
  own_send: {
    status: 403,
    retry: 'after_action',
    title: 'A caller cannot decide about its own message',
    hint: 'Decide as the owner, or with another key.',
  },
  link_invalid: {
    status: 403,
    retry: 'never',
    title: 'The link is wrong or has expired',
    hint: 'POST /api/messages/{message_id}/media-link returns a new link.',
  },
  scope_missing: {
    status: 403,
    retry: 'never',
    title: 'The caller lacks the required scope',
    hint: 'Use a key that has the scope named in `scope`. The owner of the server changes scopes: PATCH /api/keys/{key_id}.',
  },
  other_user: {
    status: 403,
    retry: 'never',
    title: 'The request comes from another user of this computer',
    hint: 'Call the server as the operating system user that runs it, or as root. Other users need a key that the owner creates: POST /api/keys. They send it as Authorization: Bearer KEY.',
  },
  account_not_found: {
    status: 404,
    retry: 'never',
    title: 'The account does not exist',
    hint: 'Use the id of an account of this server. `default` always exists.',
  },
  key_not_found: {
    status: 404,
    retry: 'never',
    title: 'The key does not exist',
    hint: 'GET /api/keys lists the keys. Use the id of a key, not its secret.',
  },
  webhook_not_found: {
    status: 404,
    retry: 'never',
    title: 'The webhook does not exist',
    hint: 'GET /api/webhooks lists the webhooks.',
  },
  delivery_not_found: {
    status: 404,
    retry: 'never',
    title: 'The webhook has no failed delivery of this event',
    hint: 'GET /api/webhooks/{webhook_id}/deliveries?state=dead lists the deliveries that you can retry. The server itself retries those with state=failed. An event that is no longer stored cannot be sent.',
  },
  route_not_found: {
    status: 404,
    retry: 'never',
    title: 'The route does not exist',
    hint: 'GET /openapi.json lists every route.',
  },
  chat_not_found: {
    status: 404,
    retry: 'never',
    title: 'The chat does not exist',
    hint: 'GET /api/chats?query=… finds chats by any part of a name. GET /api/contacts?query=… finds people without a chat. A chat id looks like 15551234567@c.us or …@g.us.',
  },
  message_not_found: {
    status: 404,
    retry: 'never',
    title: 'The archive has no message with this id',
    hint: 'Use the complete id of a message from GET /api/messages. To load older messages first: POST /api/chats/{chat_id}/load-earlier.',
  },
  outbox_item_not_found: {
    status: 404,
    retry: 'never',
    title: 'The outbox has no item with this id',
    hint: 'GET /api/outbox lists the items. Settled and unknown ones are deleted after 7 days.',
  },
  call_not_found: {
    status: 404,
    retry: 'never',
    title: 'No call with this id is ringing',
    hint: 'The call has ended, or was answered on another device. GET /api/events?kind=call.incoming,call.ended shows calls.',
  },
  picture_not_found: {
    status: 404,
    retry: 'never',
    title: 'There is no such picture',
    hint: 'This person or group has no picture, or shows it to others only. WhatsApp does not say which.',
  },
  media_not_found: {
    status: 404,
    retry: 'never',
    title: 'The message has no media of this kind',
    hint: 'GET /api/messages/{message_id} shows what the message has: `media` describes its file.',
  },
  upload_not_found: {
    status: 404,
    retry: 'never',
    title: 'The caller has no upload with this id',
    hint: 'Uploads expire after an hour. PUT /api/uploads stores the file again.',
  },
  contact_not_found: {
    status: 404,
    retry: 'never',
    title: 'No contact has this number or id',
    hint: 'GET /api/contacts?query=… finds contacts by any part of a name or number.',
  },
  invite_not_found: {
    status: 404,
    retry: 'never',
    title: 'The invite is not valid: it does not exist, or an admin reset it',
    hint: 'Ask an admin of the group for its present link, or to add this account.',
  },
  method_not_allowed: {
    status: 405,
    retry: 'never',
    title: 'The route does not support this method',
    hint: 'Use one of the methods in the Allow header.',
  },
  request_timeout: {
    status: 408,
    retry: 'safe',
    title: 'The request did not arrive in time',
    hint: 'Send the whole request within 30 seconds.',
  },
  not_linked: {
    status: 409,
    retry: 'after_action',
    title: 'No WhatsApp account is linked',
    hint: 'POST /api/auth/start, then scan the QR code at /qr with the phone: Linked devices > Link a device.',
  },
  session_exists: {
    status: 409,
    retry: 'after_action',
    title: 'A linked session already exists',
    hint: 'POST /api/auth/start to use the session, or POST /api/logout first to link again. A new pairing code would unlink the existing session.',
  },
  account_exists: {
    status: 409,
    retry: 'never',
    title: 'An account with this id already exists',
    hint: 'Choose another id.',
  },
  idempotency_in_progress: {
    status: 409,
    retry: 'later',
    title: 'A request with this idempotency key is still running',
    hint: 'Wait a moment, then send the same request with the same key again: it returns the outcome of the first.',
  },
  send_withdrawn: {
    status: 409,
    retry: 'never',
    title: 'The message left the outbox without being sent',
    hint: '`outbox_state` says why: the owner rejected it, it was cancelled, or it expired. Ask the owner before you send again.',
  },
  recipient_not_allowed: {
    status: 403,
    retry: 'never',
    title: 'The caller may not send to this chat',
    hint: 'Tell the user. The owner decides to whom a key may send: PATCH /api/keys/{key_id} with `sends`.',
  },
  outbox_not_held: {
    status: 409,
    retry: 'never',
    title: 'The outbox item is already decided',
    hint: 'Nothing is left to decide: GET /api/outbox/{id} shows the item.',
  },
  outbox_changed: {
    status: 409,
    retry: 'never',
    title: 'The outbox item changed after it was read',
    hint: 'Read the item again, and approve it with its present digest: GET /api/outbox/{id}.',
  },
  key_in_settings: {
    status: 409,
    retry: 'never',
    title: 'The key belongs to the settings',
    hint: 'Change WHATSAPP_MCP_KEY or the file of WHATSAPP_MCP_KEY_FILE, then start the server again.',
  },
  account_in_use: {
    status: 409,
    retry: 'never',
    title: 'The account `default` cannot be removed',
    hint: 'Log it out instead: POST /api/logout.',
  },
  logout_in_progress: {
    status: 409,
    retry: 'later',
    title: 'The account is being logged out',
    hint: 'Wait until `state` is `stopped` (a few seconds), then retry.',
  },
  media_expired: {
    status: 410,
    retry: 'never',
    title: 'WhatsApp no longer has the media of this message',
    hint: 'Open the message on the phone that received it: if the phone still has the file, it can send it again.',
  },
  cursor_expired: {
    status: 410,
    retry: 'never',
    title: 'The events after this cursor are no longer stored',
    hint: 'Read with `after` set to `oldest_after` to get the stored events. For the current data, use GET /api/chats and GET /api/messages.',
  },
  body_too_large: {
    status: 413,
    retry: 'never',
    title: 'The body is too large',
    hint: 'Send at most 1 MiB of JSON, or 12 MiB with a file in base64. Upload a larger file first (PUT /api/uploads), and send it by its id (`upload`).',
  },
  media_too_large: {
    status: 413,
    retry: 'never',
    title: 'The media is larger than this server downloads',
    hint: 'Raise WHATSAPP_MAX_DOWNLOAD_MIB and restart the server, or open the message on the phone.',
  },
  uri_too_long: {
    status: 414,
    retry: 'never',
    title: 'The URL is too long',
    hint: 'Send long values in the body of a POST request.',
  },
  unsupported_media_type: {
    status: 415,
    retry: 'never',
    title: 'The content type is not JSON',
    hint: 'Send the header Content-Type: application/json.',
  },
  range_not_satisfiable: {
    status: 416,
    retry: 'never',
    title: 'The range is outside of the file',
    hint: 'The header Content-Range has the size of the file. Send a range within it, or none.',
  },
  expectation_failed: {
    status: 417,
    retry: 'never',
    title: 'The Expect header is not supported',
    hint: 'Remove the Expect header, or send Expect: 100-continue.',
  },
  not_on_whatsapp: {
    status: 422,
    retry: 'never',
    title: 'The number is not on WhatsApp',
    hint: 'Check the number. It starts with the country code, without leading 00 and without (0). For example, +49 170 1234567.',
  },
  webhook_url_forbidden: {
    status: 422,
    retry: 'never',
    title: 'Webhooks cannot be sent to this address',
    hint: 'The address is private, reserved, or of this computer. If it is right, list its origin in WHATSAPP_WEBHOOK_ALLOWED_ORIGINS and restart the server.',
  },
  too_many_webhooks: {
    status: 422,
    retry: 'after_action',
    title: 'The server has the maximum number of webhooks',
    hint: 'Remove a webhook that is no longer needed: DELETE /api/webhooks/{webhook_id}.',
  },
  idempotency_key_reused: {
    status: 422,
    retry: 'never',
    title: 'The idempotency key was used for another input',
    hint: 'Use a new key for each new request. Repeat a request with exactly the same input.',
  },
  chat_ambiguous: {
    status: 422,
    retry: 'never',
    title: 'More than one chat may match this name',
    hint: 'Ask the user which of the `candidates` is right, then send its `id`. If none is right, search for another name.',
  },
  media_refused: {
    status: 422,
    retry: 'never',
    title: 'WhatsApp Web does not accept this file',
    hint: 'Nothing was sent. Check that the file is what its type says, or send it as a document.',
  },
  file_not_found: {
    status: 404,
    retry: 'never',
    title: 'There is no such file in WHATSAPP_FILES_DIR',
    hint: 'Give the path of a file inside that directory, relative to it. Links that lead out of it are not followed.',
  },
  url_refused: {
    status: 422,
    retry: 'never',
    title: 'The server does not fetch files from this URL',
    hint: 'Give an http or https URL of the file itself, whose address is public. Private addresses and redirects are refused. Or upload the file (PUT /api/uploads).',
  },
  url_not_fetched: {
    status: 422,
    retry: 'later',
    title: 'The file of the URL could not be fetched',
    hint: 'Nothing was sent. Check the URL in a browser, or upload the file (PUT /api/uploads).',
  },
  needs_ffmpeg: {
    status: 422,
    retry: 'after_action',
    title: 'The file must be converted, and ffmpeg is not installed',
    hint: 'Install ffmpeg on the computer of the server (Debian: apt install ffmpeg), or send the file in the form that WhatsApp plays: voice notes as OGG with Opus (mono, 48 kHz), videos and GIFs as MP4 with H.264, stickers as WebP of 512 × 512 pixels. As a document, any file goes unchanged.',
  },
  words_not_enabled: {
    status: 422,
    retry: 'after_action',
    title: 'This server has no program that finds words in files of this kind',
    hint: 'The owner can set WHATSAPP_TRANSCRIBE_COMMAND for voice notes and audio, and WHATSAPP_TEXT_COMMAND for documents (docs/archive.md). Download the file to read it elsewhere.',
  },
  words_failed: {
    status: 422,
    retry: 'after_action',
    title: 'The program that reads the words of files failed',
    hint: 'The log of the server says why: run the command of the setting by hand on such a file. Download the file to read it elsewhere.',
  },
  send_refused: {
    status: 422,
    retry: 'never',
    title: 'WhatsApp refused the message',
    hint: 'Open the chat on the phone: WhatsApp shows the reason there.',
  },
  action_refused: {
    status: 422,
    retry: 'never',
    title: 'This is not allowed with this message',
    hint: 'Open the message on the phone: WhatsApp shows there what is possible with it.',
  },
  change_refused: {
    status: 422,
    retry: 'never',
    title: 'WhatsApp does not allow this change',
    hint: 'Open the chat on the phone: WhatsApp shows there what is possible.',
  },
  not_supported_by_account: {
    status: 422,
    retry: 'never',
    title: 'Only business accounts have labels',
    hint: 'Use this operation with an account of the WhatsApp Business app.',
  },
  not_admin: {
    status: 422,
    retry: 'after_action',
    title: 'Only admins of the group can do this, and this account is not one',
    hint: 'Ask an admin of the group to do it, or to make this account an admin. GET /api/chats/{chat_id} lists the admins.',
  },
  not_member: {
    status: 422,
    retry: 'after_action',
    title: 'This account is not a member of the group',
    hint: 'Ask an admin of the group to add this account.',
  },
  too_late: {
    status: 422,
    retry: 'never',
    title: 'WhatsApp no longer allows this: too much time has passed',
    hint: 'A message can be edited for about 15 minutes, and deleted for everyone for about two days. Send a new message instead.',
  },
  pairing_refused: {
    status: 422,
    retry: 'after_action',
    title: 'WhatsApp issued no pairing code',
    hint: 'Check that the number belongs to the WhatsApp account (country code first, no leading 00, no (0)), then request a code again, or scan the QR code at /qr.',
  },
  headers_too_large: {
    status: 431,
    retry: 'never',
    title: 'The headers are too large',
    hint: 'Send at most 16 KiB of headers.',
  },
  pairing_rate_limited: {
    status: 429,
    retry: 'later',
    title: 'WhatsApp issues no more pairing codes for now',
    hint: 'Wait an hour, or scan the QR code at /qr instead.',
  },
  sends_too_fast: {
    status: 429,
    retry: 'later',
    title: 'The caller sends more messages than the limits allow',
    hint: 'Wait, then send again. WhatsApp restricts accounts that write too fast or to too many new people. The owner sets the limits: WHATSAPP_SENDS_PER_MINUTE, WHATSAPP_SENDS_PER_HOUR and WHATSAPP_NEW_PEOPLE_PER_DAY.',
  },
  too_many_wrong_keys: {
    status: 429,
    retry: 'later',
    title: 'Too many requests had a wrong key',
    hint: 'Wait a minute, then send a valid key. Requests with a valid key are served at any time.',
  },
  too_many_readers: {
    status: 429,
    retry: 'later',
    title: 'Too many clients wait for events',
    hint: 'Close event streams that are no longer read, or share one stream between several readers.',
  },
  internal_error: {
    status: 500,
    retry: 'check_first',
    title: 'An internal error occurred',
    hint: 'Find `request_id` in the log of the server and report the log lines.',
  },
  archive_damaged: {
    status: 500,
    retry: 'after_action',
    title: 'The archive file is damaged',
    hint: 'Stop the server. Move the file named in `archive` of GET /api/status away, or replace it with a backup. Then start the server again: it fetches what WhatsApp Web still has.',
  },
  archive_foreign: {
    status: 500,
    retry: 'after_action',
    title: 'The file at the path of the archive is not an archive of this program',
    hint: 'Stop the server, move the file named in `archive` of GET /api/status away, and start the server again.',
  },
  archive_newer: {
    status: 500,
    retry: 'after_action',
    title: 'A newer version of this program wrote the archive',
    hint: 'Start the newer version again. An older version cannot read the file.',
  },
  archive_key_unknown: {
    status: 500,
    retry: 'after_action',
    title: 'The archive is encrypted, and its key file is missing or damaged',
    hint: 'Stop the server and restore the key file from a backup of the archive. Its path is `archive.file` of GET /api/status with .key.json appended. Without the key file, no key opens the archive. To start with an empty archive, move the archive away.',
  },
  control_damaged: {
    status: 500,
    retry: 'after_action',
    title: 'The control database is damaged',
    hint: 'Stop the server. Replace .whatsapp-mcp-api/control.db in the auth directory with a backup, or move it away to start with an empty one. Then start the server again, and with an empty one, add the accounts and proxies again. Archives and linked devices are not affected.',
  },
  control_foreign: {
    status: 500,
    retry: 'after_action',
    title: 'The file at the path of the control database is not a control database of this program',
    hint: 'Stop the server, move .whatsapp-mcp-api/control.db in the auth directory away, and start the server again.',
  },
  control_newer: {
    status: 500,
    retry: 'after_action',
    title: 'A newer version of this program wrote the control database',
    hint: 'Start the newer version again. An older version cannot read the file.',
  },
  account_restricted: {
    status: 429,
    retry: 'later',
    title: 'WhatsApp does not let this account write to new people now',
    hint: 'Wait until `ends_at` (null: WhatsApp does not say). Replies to people who have written to this account still work. Do not link the account again: that makes the restriction longer.',
  },
  not_supported_by_whatsapp_web: {
    status: 501,
    retry: 'never',
    title: 'This build of WhatsApp Web does not support the operation',
    hint: 'Update whatsapp-mcp-api. Until then this operation is not available; `missing` names what this build lacks.',
  },
  whatsapp_error: {
    status: 502,
    retry: 'check_first',
    title: 'WhatsApp Web returned an error',
    hint: 'Check GET /api/status. If the state is `ready`, retry once.',
  },
  not_connected: {
    status: 503,
    retry: 'later',
    title: 'The account is linked, but not connected',
    hint: 'The server reconnects automatically. Check GET /api/status. Retry when the state is `ready` and `connected` is true.',
  },
  archive_unavailable: {
    status: 503,
    retry: 'after_action',
    title: 'The archive file cannot be read or written',
    hint: 'Make the file named in `archive` of GET /api/status, and its directory, readable and writable for the user that runs the server.',
  },
  archive_key_missing: {
    status: 503,
    retry: 'after_action',
    title: 'The archive is encrypted, and no key is set',
    hint: 'Set WHATSAPP_ARCHIVE_KEY_FILE, WHATSAPP_ARCHIVE_KEY_COMMAND or WHATSAPP_ARCHIVE_KEY to the key of this archive, then start the server again.',
  },
  archive_key_wrong: {
    status: 503,
    retry: 'after_action',
    title: 'The key that is set does not open the archive',
    hint: 'Set the key that the archive is encrypted with, then start the server again. To change the key of an archive: whatsapp-mcp-api archive change-key.',
  },
  archive_not_encrypted: {
    status: 503,
    retry: 'after_action',
    title: 'A key is set, but the archive is not encrypted',
    hint: 'Stop the server, run whatsapp-mcp-api archive encrypt with the same settings, then start the server again. To continue without encryption, unset the key.',
  },
  control_unavailable: {
    status: 503,
    retry: 'after_action',
    title: 'The control database cannot be read or written',
    hint: 'Make .whatsapp-mcp-api/control.db in the auth directory readable and writable for the user that runs the server, then retry.',
  },
  issuer_unavailable: {
    status: 503,
    retry: 'later',
    title: 'The issuer of access tokens cannot be reached',
    hint: 'Retry after the time in Retry-After. If this persists, the owner checks WHATSAPP_MCP_OAUTH_ISSUER and the log of the server. Keys work meanwhile.',
  },
  account_unavailable: {
    status: 503,
    retry: 'after_action',
    title: 'The files of the account cannot be used',
    hint: 'Make the directories of the account in the auth directory readable and writable for the user that runs the server, then retry.',
  },
  control_locked: {
    status: 503,
    retry: 'after_action',
    title: 'The key that is set does not open the control database',
    hint: 'Set the key that the control database is encrypted with (WHATSAPP_ARCHIVE_KEY_FILE, WHATSAPP_ARCHIVE_KEY_COMMAND or WHATSAPP_ARCHIVE_KEY), then start the server again. If `archive change-key` was interrupted, run it again.',
  },
  still_forgetting: {
    status: 503,
    retry: 'later',
    title: 'The chat is still being deleted from the archive',
    hint: 'Retry later to confirm that the deletion is complete. It continues automatically, also after a restart, and deleted messages are not fetched again.',
  },
  starting: {
    status: 503,
    retry: 'later',
    title: 'The session is still loading',
    hint: 'Wait until the state in GET /api/status is `ready`, then retry.',
  },
  start_failed: {
    status: 503,
    retry: 'later',
    title: 'The browser or WhatsApp Web did not start',
    hint: '`last_error` in GET /api/status holds the reason. POST /api/auth/start to retry.',
  },
  shutting_down: {
    status: 503,
    retry: 'later',
    title: 'The server is stopping',
    // A restart takes a few seconds.
    retryAfterS: 5,
    hint: 'Start the server again, then repeat the request.',
  },
  words_running: {
    status: 503,
    retry: 'later',
    title: 'A program is still reading the words of this file',
    hint: 'Call again later: the words are then stored with the message.',
  },
  server_busy: {
    status: 503,
    retry: 'later',
    title: 'Too many large responses wait for clients that do not read them',
    hint: 'Wait for the time in Retry-After, then send the request again. Read each response to its end.',
  },
  browser_not_found: {
    status: 503,
    retry: 'after_action',
    title: 'No browser was found',
    hint: 'Install Google Chrome, Chromium or Edge, or set WHATSAPP_CHROME_EXECUTABLE to the path of a browser, then start again.',
  },
  send_outcome_unknown: {
    status: 504,
    retry: 'check_first',
    title: 'It is unknown whether the message was sent',
    hint: 'Check the chat before you send the message again: on the phone, or read the message by its `message_id` (an `ack` of 1 or more means sent). The server does not resend it.',
  },
  outcome_unknown: {
    status: 504,
    retry: 'check_first',
    title: 'It is unknown whether the change was made',
    hint: 'Check on the phone, or read again what it changes (such as GET /api/messages/{message_id}, GET /api/chats/{chat_id}), before you send the request again.',
  },
  whatsapp_timeout: {
    status: 504,
    retry: 'later',
    title: 'WhatsApp Web did not respond in time',
    hint: 'Check GET /api/status. Retry when the state is `ready` and `connected` is true.',
  },
  disk_full: {
    status: 507,
    retry: 'after_action',
    title: 'The disk is full',
    hint: 'Free disk space, then send the request again.',
  },
  uploads_full: {
    status: 507,
    retry: 'later',
    title: 'The caller has stored too many files',
    hint: 'Wait until earlier files expire, an hour after they were stored, or after the held or scheduled message that needs them was sent or cancelled, or raise WHATSAPP_UPLOAD_QUOTA_MIB and restart the server.',
  },
  archive_full: {
    status: 507,
    retry: 'after_action',
    title: 'The disk is full: nothing new can be stored',
    hint: 'Free disk space. The server then fetches the missed messages from WhatsApp Web automatically.',
  },
} as const satisfies Record<string, ErrorRow>

/** A machine-readable error code of the published list. */
export type ErrorCode = keyof typeof ERRORS

export type FailOptions = {
  /** One sentence about this case, for people. Never includes message text, names, numbers or keys. Default: the title. */
  detail?: string
  /** The next step, if it differs from the table's. */
  hint?: string
  /** Seconds to wait before a retry (`Retry-After`). Default: those of the code, if it has any. */
  retryAfterS?: number
  /** More machine-readable fields of the response, such as `message_id`. */
  facts?: Record<string, unknown>
  cause?: unknown
}

/** An error with a code of the table. `message` is the sentence for people. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly hint: string
  readonly retryAfterS: number | undefined
  readonly facts: Record<string, unknown>

  constructor(code: ErrorCode, options: FailOptions = {}) {
    const row: ErrorRow = ERRORS[code]
    super(options.detail ?? `${row.title}.`, { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.hint = options.hint ?? row.hint
    this.retryAfterS = options.retryAfterS ?? row.retryAfterS
    this.facts = options.facts ?? {}
  }
}

/** Throws an {@link AppError} with this code. Its return type is `never`, so an expression can contain the call. */
export function fail(code: ErrorCode, options?: FailOptions): never {
  throw new AppError(code, options)
}

/** Returns an AppError as it is. Any other error becomes `internal_error`: the log has the cause, the response does not. */
export function toAppError(error: unknown): AppError {
  return error instanceof AppError ? error : new AppError('internal_error', { cause: error })
}
