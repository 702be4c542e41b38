/** Every failure this product can answer with: one table, one class, one way to throw. Imports nothing. */

/**
 * What a caller may do about a failure.
 * `safe`: ask again at once. `later`: ask again after a while. `check_first`: it may have happened; look before you
 * repeat it. `after_action`: somebody must do something first (scan, log out, free space). `never`: the same request
 * will fail again.
 */
export type Retry = 'safe' | 'later' | 'check_first' | 'after_action' | 'never'

type ErrorRow = {
  /** HTTP status. */
  status: number
  retry: Retry
  /** What the code means, for the published list. */
  title: string
  /** The next step, for whoever reads it: a person or an agent. */
  hint: string
}

/** `code -> { status, retry, title, hint }`. The codes are part of the API: renaming one is a breaking change. */
export const ERRORS = {
  invalid_input: {
    status: 400,
    retry: 'never',
    title: 'The request does not fit',
    hint: 'Correct the fields that are named and send the request again.',
  },
  malformed_json: {
    status: 400,
    retry: 'never',
    title: 'The body is not JSON in UTF-8',
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
    title: 'The cursor is one of another archive',
    hint: 'Another account is linked now, or an older copy of the archive was put in place. Read without `after` to begin from now, or with `after=0` from the oldest event that is kept.',
  },
  forbidden_host: {
    status: 403,
    retry: 'never',
    title: 'The Host header names another server',
    hint: 'Call the server by a loopback name such as 127.0.0.1 or localhost, or list the name in WHATSAPP_MCP_ALLOWED_HOSTS.',
  },
  forbidden_origin: {
    status: 403,
    retry: 'never',
    title: 'A web page of another origin sent this request',
    hint: 'Other web pages may not use this account. Call the API from a program, or from a page this server itself serves.',
  },
  scope_missing: {
    status: 403,
    retry: 'never',
    title: 'The caller may not do this',
    hint: 'Use a caller whose scopes include the one that `scope` names.',
  },
  other_user: {
    status: 403,
    retry: 'never',
    title: 'Another user of this computer sent this request',
    hint: 'Only the operating system user that runs the server (and root) is served. Call it as that user.',
  },
  account_not_found: {
    status: 404,
    retry: 'never',
    title: 'There is no such account',
    hint: 'Use the id of an account of this server; `default` is always there.',
  },
  route_not_found: {
    status: 404,
    retry: 'never',
    title: 'There is no such route',
    hint: 'GET /openapi.json lists every route.',
  },
  chat_not_found: {
    status: 404,
    retry: 'never',
    title: 'There is no such chat',
    hint: 'GET /api/chats?query=… finds chats by any part of a name, GET /api/contacts?query=… people without a chat; a chat id looks like 15551234567@c.us or …@g.us.',
  },
  message_not_found: {
    status: 404,
    retry: 'never',
    title: 'There is no such message in the archive',
    hint: 'Take the id from a message of GET /api/messages, whole. Older messages may have to be loaded first: POST /api/chats/{chat_id}/load-earlier.',
  },
  contact_not_found: {
    status: 404,
    retry: 'never',
    title: 'Nobody of this number or id is known here',
    hint: 'GET /api/contacts?query=… finds people by any part of a name or number.',
  },
  method_not_allowed: {
    status: 405,
    retry: 'never',
    title: 'The route does not take this method',
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
    hint: 'POST /api/auth/start, then scan the code at /qr with the phone: Linked devices > Link a device.',
  },
  session_exists: {
    status: 409,
    retry: 'after_action',
    title: 'A linked session exists already',
    hint: 'Asking for a code beside a living session gets it revoked. POST /api/auth/start to use the session, or POST /api/logout first to link anew.',
  },
  account_exists: {
    status: 409,
    retry: 'never',
    title: 'An account with this name exists already',
    hint: 'Choose another name.',
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
    hint: 'Wait a few seconds until `state` is `stopped`, then try again.',
  },
  cursor_expired: {
    status: 410,
    retry: 'never',
    title: 'Events after this cursor are no longer kept',
    hint: 'Read with `after` set to `oldest_after` for the events that are kept; what the others told of is in GET /api/chats and GET /api/messages.',
  },
  body_too_large: {
    status: 413,
    retry: 'never',
    title: 'The body is too large',
    hint: 'Send at most 1 MiB of JSON.',
  },
  uri_too_long: {
    status: 414,
    retry: 'never',
    title: 'The address is too long',
    hint: 'Send long values in the body of a POST.',
  },
  unsupported_media_type: {
    status: 415,
    retry: 'never',
    title: 'The body is not declared as JSON',
    hint: 'Send the header Content-Type: application/json.',
  },
  expectation_failed: {
    status: 417,
    retry: 'never',
    title: 'The Expect header asks for something unknown',
    hint: 'Remove the Expect header, or send Expect: 100-continue.',
  },
  not_on_whatsapp: {
    status: 422,
    retry: 'never',
    title: 'The number is not on WhatsApp',
    hint: 'Check the number: country code first, no leading 00, no (0) in between. For example, +49 170 1234567.',
  },
  chat_ambiguous: {
    status: 422,
    retry: 'never',
    title: 'The name is not the name of exactly one chat',
    hint: 'Ask the user which one of `candidates` is meant, then call again with its `id`. With none of them meant, look for another name.',
  },
  send_refused: {
    status: 422,
    retry: 'never',
    title: 'WhatsApp refused the message',
    hint: 'Look at the chat on the phone: WhatsApp tells there why it was not sent.',
  },
  pairing_refused: {
    status: 422,
    retry: 'after_action',
    title: 'WhatsApp gave no pairing code',
    hint: 'Check that the number is the one of the WhatsApp account (country code first, no leading 00, no (0) in between), then ask again, or scan the QR code at /qr.',
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
    title: 'WhatsApp gives no more pairing codes for now',
    hint: 'Wait an hour, or scan the QR code at /qr instead.',
  },
  too_many_readers: {
    status: 429,
    retry: 'later',
    title: 'Too many wait for events already',
    hint: 'Close event streams that nobody reads any more, or let several readers share one.',
  },
  internal_error: {
    status: 500,
    retry: 'check_first',
    title: 'Something went wrong in the server',
    hint: 'Look for `request_id` in the log of the server and report what stands there.',
  },
  archive_damaged: {
    status: 500,
    retry: 'after_action',
    title: 'The archive file is damaged',
    hint: 'Stop the server, move the file named in `archive` of GET /api/status away (or put a backup in its place), and start again: what WhatsApp Web still has is fetched anew.',
  },
  archive_foreign: {
    status: 500,
    retry: 'after_action',
    title: 'The file in the place of the archive is not one of ours',
    hint: 'Stop the server, move the file named in `archive` of GET /api/status away, and start again.',
  },
  archive_newer: {
    status: 500,
    retry: 'after_action',
    title: 'The archive was written by a newer version of this program',
    hint: 'Start the newer version again; an older one cannot read its archive.',
  },
  archive_key_unknown: {
    status: 500,
    retry: 'after_action',
    title: 'The archive is encrypted, and the key file that belongs to it is missing or damaged',
    hint: 'Stop the server and put the file back that lay beside the archive, by the name of `archive.file` in GET /api/status with .key.json added: a backup of the archive has it. Without it no key opens the archive; to start an empty one, move the archive away.',
  },
  control_damaged: {
    status: 500,
    retry: 'after_action',
    title: 'The control database is damaged',
    hint: 'Stop the server. Put a backup of control.db (in .whatsapp-mcp-api of the auth directory) in its place, or move the file away to begin with a new one. Then start the server again. Archives and linked devices are not part of it.',
  },
  control_foreign: {
    status: 500,
    retry: 'after_action',
    title: 'The file in the place of the control database is not a control database of this program',
    hint: 'Stop the server, move control.db (in .whatsapp-mcp-api of the auth directory) away, and start the server again.',
  },
  control_newer: {
    status: 500,
    retry: 'after_action',
    title: 'A newer version of this program wrote the control database',
    hint: 'Start the newer version again. An older version cannot read the file.',
  },
  not_supported_by_whatsapp_web: {
    status: 501,
    retry: 'never',
    title: 'This build of WhatsApp Web does not offer that',
    hint: 'Update whatsapp-mcp-api; until then this operation is not available.',
  },
  whatsapp_error: {
    status: 502,
    retry: 'check_first',
    title: 'WhatsApp Web failed at this',
    hint: 'Look at GET /api/status; if the state is `ready`, try once more.',
  },
  not_connected: {
    status: 503,
    retry: 'later',
    title: 'The account is linked, but not connected right now',
    hint: 'The connection is being won back by itself. GET /api/status tells how far it is; try again when the state is `ready`.',
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
    hint: 'Set WHATSAPP_ARCHIVE_KEY_FILE, WHATSAPP_ARCHIVE_KEY_COMMAND or WHATSAPP_ARCHIVE_KEY to the key of this archive, and start the server again.',
  },
  archive_key_wrong: {
    status: 503,
    retry: 'after_action',
    title: 'The archive is encrypted with another key than the one that is set',
    hint: 'Set the key that the archive was encrypted with, and start the server again. To change the key of an archive: whatsapp-mcp-api archive change-key.',
  },
  archive_not_encrypted: {
    status: 503,
    retry: 'after_action',
    title: 'A key is set, but the archive is not encrypted',
    hint: 'Stop the server, run whatsapp-mcp-api archive encrypt with the same settings, and start the server again. Or unset the key to go on without encryption.',
  },
  control_unavailable: {
    status: 503,
    retry: 'after_action',
    title: 'The control database cannot be read or written',
    hint: 'Make control.db (in .whatsapp-mcp-api of the auth directory) readable and writable for the user that runs the server, then try again.',
  },
  control_locked: {
    status: 503,
    retry: 'after_action',
    title: 'The key that is set does not open the control database',
    hint: 'Set the key that the control database is encrypted with (WHATSAPP_ARCHIVE_KEY_FILE, WHATSAPP_ARCHIVE_KEY_COMMAND or WHATSAPP_ARCHIVE_KEY), and start the server again. If `archive change-key` was interrupted, run it again.',
  },
  still_forgetting: {
    status: 503,
    retry: 'later',
    title: 'The chat is still being forgotten',
    hint: 'It goes on by itself, also after a restart, and none of it is fetched again. Ask again to hear when all of it is gone.',
  },
  starting: {
    status: 503,
    retry: 'later',
    title: 'The session is still being loaded',
    hint: 'Wait until GET /api/status says `ready`, then try again.',
  },
  start_failed: {
    status: 503,
    retry: 'later',
    title: 'The browser or WhatsApp Web did not start',
    hint: '`last_error` in GET /api/status holds the reason. POST /api/auth/start tries again.',
  },
  shutting_down: {
    status: 503,
    retry: 'later',
    title: 'The server is stopping',
    hint: 'Start the server again, then repeat the request.',
  },
  browser_not_found: {
    status: 503,
    retry: 'after_action',
    title: 'There is no browser to drive',
    hint: 'Install Google Chrome, Chromium or Edge, or name one in WHATSAPP_CHROME_EXECUTABLE, and start again.',
  },
  send_outcome_unknown: {
    status: 504,
    retry: 'check_first',
    title: 'It is not known whether the message was sent',
    hint: 'Look at the chat on the phone before you send it again; this server will not send it again by itself.',
  },
  whatsapp_timeout: {
    status: 504,
    retry: 'later',
    title: 'WhatsApp Web did not answer in time',
    hint: 'Look at GET /api/status; try again when the state is `ready` and `connected` is true.',
  },
  archive_full: {
    status: 507,
    retry: 'after_action',
    title: 'The disk is full: nothing new can be kept',
    hint: 'Free some space. What came meanwhile is fetched from WhatsApp Web by itself then.',
  },
} as const satisfies Record<string, ErrorRow>

/** A machine-readable error code of the published list. */
export type ErrorCode = keyof typeof ERRORS

type FailOptions = {
  /** One sentence for people about this very case. Never message text, names, numbers or keys. */
  detail?: string
  /** Another next step than the table's. */
  hint?: string
  /** Seconds after which another try makes sense (`Retry-After`). */
  retryAfterS?: number
  /** Further machine-readable members of the answer, such as `message_id`. */
  facts?: Record<string, unknown>
  cause?: unknown
}

/** A failure with a code of the table. `message` is the sentence for people. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly hint: string
  readonly retryAfterS: number | undefined
  readonly facts: Record<string, unknown>

  constructor(code: ErrorCode, options: FailOptions = {}) {
    super(options.detail ?? `${ERRORS[code].title}.`, { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.hint = options.hint ?? ERRORS[code].hint
    this.retryAfterS = options.retryAfterS
    this.facts = options.facts ?? {}
  }
}

/** Throws an {@link AppError} with this code. Returns never, so it can stand in an expression. */
export function fail(code: ErrorCode, options?: FailOptions): never {
  throw new AppError(code, options)
}

/** The AppError itself, or `internal_error` with the cause kept for the log and nothing of it in the answer. */
export function toAppError(error: unknown): AppError {
  return error instanceof AppError ? error : new AppError('internal_error', { cause: error })
}
