/** The table of settings: environment variable, flag, default, meaning. Settings are read once, at the start, and passed down. */
import { isIP } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import { wordsOf } from './command-words.ts'
import { ConfigError } from './config-error.ts'
import { expandHome, toPath } from './home.ts'
import { toHostName } from './host-name.ts'
import { isLoopback } from './loopback.ts'
import type { Jid } from './model/ids.ts'
import { chatList, daysPerChat, type KeepRules, MAX_KEEP_DAYS } from './model/keeping.ts'
import { MEDIA_KINDS, type MediaRules } from './model/media-rules.ts'
import { issuerUrl, type OAuthRules, scopeNames } from './model/oauth.ts'
import type { Policy } from './model/policy.ts'
import { jidList } from './model/sight.ts'
import { type Toolset, toolsetList } from './model/toolsets.ts'

/** The values of a switch. */
export const onOff = z
  .enum(['true', 'false', '1', '0'], 'true or false')
  .transform((value) => value === 'true' || value === '1')
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
)
/** Origins as `URL.origin` writes them. */
const origins = list
  .refine(
    (texts) =>
      texts.every(
        (text) => URL.canParse(text) && /^https?:\/\/[^/?#@]+\/?$/.test(text) && !text.includes('*'),
      ),
    'a list of origins such as http://127.0.0.1:5678',
  )
  .transform((texts) => texts.map((text) => new URL(text).origin))
/** Host names as the guard compares a Host header, without a port. */
const hosts = list.transform((names) =>
  names.map((name) => toHostName(isIP(name) === 6 ? name : name.replace(/:\d+$/, ''))),
)
/** A URL of this server as clients have it, without a path; null if it is empty. */
const publicUrl = z.string().transform((text, context): string | null => {
  if (text === '') return null
  const url = URL.canParse(text) ? new URL(text) : null
  const isPlain = url !== null && `${url.origin}/` === url.href
  if (isPlain && /^https?:$/.test(url.protocol)) return url.origin
  context.addIssue('a URL without a path, such as https://wa.example.org')
  return z.NEVER
})
/** A whole number in this range, written in digits. */
export const whole = (min: number, max: number) =>
  z
    .string()
    .refine(
      (text) => /^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max,
      `a whole number from ${min} to ${max}`,
    )
    .transform(Number)
/** Parses to types of messages. */
const mediaKinds = list
  .refine(
    (kinds) => kinds.every((kind) => Object.hasOwn(MEDIA_KINDS, kind)),
    `a list of ${Object.keys(MEDIA_KINDS).join(', ')}`,
  )
  .transform((kinds) => kinds.map((kind) => MEDIA_KINDS[kind] ?? kind))
/** A command line with at least one of these placeholders, or nothing. */
const commandWith = (...placeholders: readonly string[]) =>
  z.string().refine(
    (text) =>
      text === '' ||
      wordsOf(text)
        ?.slice(1)
        .some((word) => placeholders.some((one) => word.includes(one))),
    `a command line with ${placeholders.join(' or ')} and closed quotes`,
  )
/** One of these words. */
export const oneOf = <const Words extends readonly string[]>(words: Words) =>
  z.enum(words, `one of ${words.join(', ')}`)

/** A value that a person can set: a setting below, or a flag of one command (cli/commands/). */
export type Row = {
  /** The placeholder of the value in help, such as `PORT`; null for a switch (`--x`, `--no-x`, `--x=false`). */
  takes: string | null
  /** Parses the given text. The message of its first issue says which values are allowed. */
  schema: z.ZodType
  /** The default, as text. It applies if the value is omitted or empty. */
  fallback: string
  help: string
  /** True for a text that people will read: spaces around it belong to it. */
  isVerbatim?: true
  /** What the value names on this disk, if anything. See {@link rooted}. */
  names?: 'path' | 'program' | 'command'
}

/**
 * One row per setting, in the order of the documentation. The key is the environment variable, `flag` the flag of
 * commands. `flag` is null for a secret, because every user of the computer can read a command line.
 */
export const SETTINGS = {
  WHATSAPP_MCP_HOST: {
    flag: 'host',
    takes: 'ADDRESS',
    schema: z
      .string()
      // An IPv6 address may have the brackets that it has in a URL.
      .transform((host) => host.replace(/^\[(.*:.*)\]$/, '$1'))
      .refine((host) => isLoopback(host) || isIP(host) !== 0, 'an IP address, or localhost'),
    fallback: '127.0.0.1',
    help: 'Address that the server listens on. An address that other computers can reach requires a key (`WHATSAPP_MCP_KEY`, `WHATSAPP_MCP_KEY_FILE`, or keys of POST /api/keys with `WHATSAPP_MCP_REQUIRE_KEY=true`) and a name in `WHATSAPP_MCP_ALLOWED_HOSTS` or `WHATSAPP_MCP_PUBLIC_URL`.',
  },
  WHATSAPP_MCP_PORT: {
    flag: 'port',
    takes: 'PORT',
    schema: whole(0, 65535),
    fallback: '8790',
    help: 'TCP port of the server. 0 selects a free port.',
  },
  WHATSAPP_AUTH_DIR: {
    flag: 'auth-dir',
    takes: 'DIR',
    names: 'path',
    schema: z.string().min(1),
    fallback: '.wwebjs_auth',
    help: 'Directory of the linked session. The default is under the project root (for an installed package: in your data directory). A relative path starts at the working directory.',
  },
  WHATSAPP_CHROME_EXECUTABLE: {
    flag: 'chrome-executable',
    takes: 'FILE',
    names: 'program',
    schema: z.string(),
    fallback: '',
    help: 'Path of the browser to use. Empty: the server finds an installed Chrome, Chromium or Edge.',
  },
  WHATSAPP_HEADLESS: {
    flag: 'headless',
    takes: null,
    schema: onOff,
    fallback: 'true',
    help: 'Run the browser without a window. Use `false` if linking asks for a passkey.',
  },
  WHATSAPP_MCP_ALLOWED_HOSTS: {
    flag: 'allowed-hosts',
    takes: 'NAMES',
    schema: hosts,
    fallback: '',
    help: 'Additional host names that the server accepts in the Host header, separated by commas. Loopback names are always accepted. A name that is not one of them makes keys required.',
  },
  WHATSAPP_MCP_PUBLIC_URL: {
    flag: 'public-url',
    takes: 'URL',
    schema: publicUrl,
    fallback: '',
    help: 'URL at which clients reach the server through a proxy or a tunnel, such as `https://wa.example.org`. Its host name is accepted, and keys are required.',
  },
  WHATSAPP_MCP_CORS_ORIGINS: {
    flag: 'cors-origins',
    takes: 'ORIGINS',
    schema: origins,
    fallback: '',
    help: 'Origins whose web pages may use the API, such as `https://desk.example.org`, separated by commas. Their requests need a key. See docs/security.md.',
  },
  WHATSAPP_MCP_REQUIRE_KEY: {
    flag: 'require-key',
    takes: null,
    schema: onOff,
    fallback: 'false',
    help: 'Serve no request without a key. Otherwise the user of this computer needs none. See docs/security.md.',
  },
  WHATSAPP_MCP_KEY: {
    flag: null,
    takes: 'KEY',
    schema: z.string(),
    fallback: '',
    help: 'A key with all scopes, at least 24 characters, for the start in a container. Keys are then required. An environment variable only, not a flag. A key file is safer.',
  },
  WHATSAPP_MCP_KEY_FILE: {
    flag: 'server-key-file',
    takes: 'FILE',
    names: 'path',
    schema: z.string(),
    fallback: '',
    help: 'File that contains this key as its only line. Only its owner may read it. Set at most one of the two.',
  },
  WHATSAPP_MCP_OAUTH_ISSUER: {
    flag: 'oauth-issuer',
    takes: 'URL',
    schema: issuerUrl(isLoopback),
    fallback: '',
    help: 'URL of the server that issues access tokens (OAuth 2.1) for MCP clients, such as `https://login.example.org/realms/home`. Keys or tokens are then required. Empty: only keys are accepted. See docs/security.md.',
  },
  WHATSAPP_MCP_OAUTH_AUDIENCE: {
    flag: 'oauth-audience',
    takes: 'NAME',
    schema: z.string(),
    fallback: '',
    help: 'Audience of the tokens that are accepted, for issuers that do not use the URL of the resource. They then allow all accounts. Empty: the URL of the MCP endpoint, and a token allows the account of its endpoint.',
  },
  WHATSAPP_MCP_OAUTH_SCOPES: {
    flag: 'oauth-scopes',
    takes: 'LIST',
    schema: scopeNames,
    fallback: 'read=whatsapp:read,send=whatsapp:send,manage=whatsapp:manage',
    help: 'Scopes that tokens can give, each with its name at the issuer. Tokens never give a scope that is not in the list.',
  },
  WHATSAPP_MCP_OAUTH_KEY: {
    flag: 'oauth-key',
    takes: 'ID',
    schema: z
      .string()
      .regex(/^(key_[0-9a-f]{12})?$/, 'the id of a key, such as key_0123456789ab (not its secret)'),
    fallback: '',
    help: 'Id of a key whose scopes, accounts, chats, toolsets and policy limit every token. Revoking this key ends access by tokens.',
  },
  WHATSAPP_MCP_READ_ONLY: {
    flag: 'read-only',
    takes: null,
    schema: onOff,
    fallback: 'false',
    help: 'Serve readings only: every other route, tool and page does not exist, also for keys with all scopes. Link the account before.',
  },
  WHATSAPP_MCP_TOOLSETS: {
    flag: 'toolsets',
    takes: 'LIST',
    schema: toolsetList,
    fallback: '',
    help: 'Toolsets that MCP clients may use: `core`, `messages`, `groups`, `chats`, `people`, `channels`, separated by commas, or `all`. The listed toolsets are on from the start. Empty: all are allowed, and `core` is on until a client asks for others. See docs/mcp.md.',
  },
  WHATSAPP_MCP_SENDS: {
    flag: 'sends',
    takes: 'POLICY',
    schema: oneOf(['open', 'known', 'confirm', 'off']),
    fallback: 'known',
    help: 'What happens to messages that MCP clients send. `open`: they are sent. `known`: those to chats that the owner does not know wait in the outbox until the owner approves them. `confirm`: each waits. `off`: they are refused. A key can have its own policy. See docs/outbox.md.',
  },
  WHATSAPP_HIDE_CHATS: {
    flag: 'hide-chats',
    takes: 'CHATS',
    schema: jidList,
    fallback: '',
    help: 'Chats that MCP clients and keys without the scope admin do not see: ids (…@g.us) and phone numbers with country code, separated by commas. See docs/security.md.',
  },
  WHATSAPP_SENDS_PER_MINUTE: {
    flag: 'sends-per-minute',
    takes: 'N',
    schema: whole(0, 10_000),
    fallback: '30',
    help: 'The most messages that one caller sends in a minute, for each account. All callers together send at most twice as many. 0: no limit.',
  },
  WHATSAPP_SENDS_PER_HOUR: {
    flag: 'sends-per-hour',
    takes: 'N',
    schema: whole(0, 100_000),
    fallback: '600',
    help: 'The same for an hour.',
  },
  WHATSAPP_NEW_PEOPLE_PER_DAY: {
    flag: 'new-people-per-day',
    takes: 'N',
    schema: whole(0, 10_000),
    fallback: '50',
    help: 'The most new people that one caller writes to in 24 hours. A person is new if the archive has no message of the chat. All callers together: twice as many. 0: no limit.',
  },
  WHATSAPP_OUTBOX_EXPIRES_S: {
    flag: 'outbox-expires-s',
    takes: 'SECONDS',
    schema: whole(60, 30 * 86_400),
    fallback: '86400',
    help: 'A message that waits for approval expires after this number of seconds.',
  },
  WHATSAPP_SEND_LATE_WITHIN: {
    flag: 'send-late-within',
    takes: 'SECONDS',
    schema: whole(60, 7 * 86_400),
    fallback: '3600',
    help: 'A scheduled message whose time passed while the server was stopped or not connected is still sent within this number of seconds; after that it expires.',
  },
  WHATSAPP_HISTORY_PER_CHAT: {
    flag: 'history-per-chat',
    takes: 'MESSAGES',
    schema: whole(0, 1_000_000),
    fallback: '1000',
    help: 'Number of older messages per chat that the server fetches into the archive automatically, newest first. 0: none. Messages that arrived while the server was stopped are always fetched.',
  },
  WHATSAPP_HISTORY_DAYS: {
    flag: 'history-days',
    takes: 'DAYS',
    schema: whole(0, 36_500),
    fallback: '365',
    help: 'Age limit of the messages that the server fetches automatically, in days.',
  },
  WHATSAPP_HISTORY_TOTAL: {
    flag: 'history-total',
    takes: 'MESSAGES',
    schema: whole(0, 100_000_000),
    fallback: '200000',
    help: 'The server stops fetching older messages automatically when the archive has this number of messages.',
  },
  WHATSAPP_HISTORY_PAUSE_MS: {
    flag: 'history-pause-ms',
    takes: 'MS',
    schema: whole(0, 60_000),
    fallback: '50',
    help: 'Pause between two requests to WhatsApp Web while the server fetches older messages, in milliseconds.',
  },
  WHATSAPP_KEEP_DAYS: {
    flag: 'keep-days',
    takes: 'DAYS',
    schema: whole(0, MAX_KEEP_DAYS),
    fallback: '0',
    help: 'The archive deletes messages older than this number of days and does not fetch them again. 0: messages are kept forever.',
  },
  WHATSAPP_KEEP_DAYS_PER_CHAT: {
    flag: 'keep-days-per-chat',
    takes: 'LIST',
    schema: daysPerChat,
    fallback: '',
    help: 'Number of days for single chats or kinds of chats, such as `120363000000000000@g.us=7,15551234567=0,status=1`. Name a chat by id or phone number, a kind as `direct`, `groups`, `channels`, `status` or `broadcasts`. A chat takes precedence over its kind.',
  },
  WHATSAPP_NEVER_STORE: {
    flag: 'never-store',
    takes: 'LIST',
    schema: chatList,
    fallback: '',
    help: 'Chats that the archive never stores, separated by commas, in the same form: `status,channels,15551234567`. Messages of these chats that the archive already has are deleted.',
  },
  WHATSAPP_KEEP_DISAPPEARING: {
    flag: 'keep-disappearing',
    takes: null,
    schema: onOff,
    fallback: 'false',
    help: 'Keep disappearing messages in the archive. Otherwise the archive deletes them when they disappear from WhatsApp.',
  },
  WHATSAPP_ARCHIVE_KEY: {
    flag: null,
    takes: 'KEY',
    schema: z.string(),
    fallback: '',
    help: 'Key of the encrypted archive, at least 12 characters. An environment variable only, not a flag. A key file or a key command is safer. See docs/archive.md.',
  },
  WHATSAPP_ARCHIVE_KEY_FILE: {
    flag: 'archive-key-file',
    takes: 'FILE',
    names: 'path',
    schema: z.string(),
    fallback: '',
    help: 'File that contains the key as its only line. Only its owner may read it. Set at most one of the three key settings.',
  },
  WHATSAPP_ARCHIVE_KEY_COMMAND: {
    flag: 'archive-key-command',
    takes: 'COMMAND',
    names: 'command',
    schema: z.string(),
    fallback: '',
    help: 'Command that prints the key as its first line within 10 seconds, such as `secret-tool lookup service whatsapp-archive`. It runs without a shell. Words are separated by spaces; quote a word with spaces as \'…\' or "…".',
  },
  WHATSAPP_EVENTS_DAYS: {
    flag: 'events-days',
    takes: 'DAYS',
    schema: whole(1, 3_650),
    fallback: '30',
    help: 'Number of days that the event log keeps events. The archive keeps the messages of deleted events.',
  },
  WHATSAPP_AUDIT_DAYS: {
    flag: 'audit-days',
    takes: 'DAYS',
    schema: whole(1, 3_650),
    fallback: '90',
    help: 'Number of days that the audit log keeps calls, 500,000 at most. See docs/security.md.',
  },
  WHATSAPP_WEBHOOK_ALLOWED_ORIGINS: {
    flag: 'webhook-allowed-origins',
    takes: 'ORIGINS',
    schema: origins,
    fallback: '',
    help: 'Origins that webhooks may have although their address is private or of this computer, such as `http://127.0.0.1:5678`, separated by commas. See docs/webhooks.md.',
  },
  WHATSAPP_RULES: {
    flag: 'rules',
    takes: null,
    schema: onOff,
    fallback: 'false',
    help: 'Use the rules of `.whatsapp-mcp-api/rules.yaml` in the session directory: they run commands, call URLs or reply when events happen. See docs/rules.md.',
  },
  WHATSAPP_MAX_UPLOAD_MIB: {
    flag: 'max-upload-mib',
    takes: 'MIB',
    schema: whole(1, 2_048),
    fallback: '64',
    help: 'Largest file that a client can upload, in MiB.',
  },
  WHATSAPP_UPLOAD_QUOTA_MIB: {
    flag: 'upload-quota-mib',
    takes: 'MIB',
    schema: whole(1, 10_000_000),
    fallback: '2048',
    help: 'Space for the files that one caller has stored to send them, in MiB. At least WHATSAPP_MAX_UPLOAD_MIB. The server deletes each file after an hour. It keeps the file of a message that waits, and deletes it within an hour after the message is sent, cancelled or expired.',
  },
  WHATSAPP_FILES_DIR: {
    flag: 'files-dir',
    takes: 'DIR',
    names: 'path',
    schema: z.string(),
    fallback: '',
    help: 'Directory whose files can be sent by name (`media.file`). Every caller that may send can send every file in it. Empty: none.',
  },
  WHATSAPP_MEDIA_URLS: {
    flag: 'media-urls',
    takes: null,
    schema: onOff,
    fallback: 'false',
    help: 'Fetch files to send from URLs that callers name (`media.url`). Private addresses and redirects are refused. See docs/security.md.',
  },
  WHATSAPP_CANARY: {
    flag: 'canary',
    takes: 'WHEN',
    schema: oneOf(['never', 'daily']),
    fallback: 'never',
    help: '`daily`: each account sends a message to itself once a day, which shows in the log, the metrics and the outbox that sending works. The message appears in your own chat on the phone. `never`: none.',
  },
  WHATSAPP_MEMORY_SOFT_MIB: {
    flag: 'memory-soft-mib',
    takes: 'MIB',
    schema: whole(0, 1_000_000),
    fallback: '1536',
    help: 'Memory of the browser of one account, in MiB, above which the server logs a warning and frees what WhatsApp Web has loaded. 0: no limit.',
  },
  WHATSAPP_MEMORY_HARD_MIB: {
    flag: 'memory-hard-mib',
    takes: 'MIB',
    schema: whole(0, 1_000_000),
    fallback: '2560',
    help: 'Memory of the browser of one account, in MiB, above which the server restarts the browser: while no call runs, at most once an hour. 0: no limit.',
  },
  WHATSAPP_MEDIA_DOWNLOAD: {
    flag: 'media-download',
    takes: 'WHEN',
    schema: oneOf(['never', 'on-demand', 'eager']),
    fallback: 'on-demand',
    help: 'When the server stores media of messages. `on-demand`: when a client asks for it. `eager`: also when a message arrives. `never`: it stores none, and fetches the media from WhatsApp for each request.',
  },
  WHATSAPP_MEDIA_QUOTA_MIB: {
    flag: 'media-quota-mib',
    takes: 'MIB',
    schema: whole(1, 10_000_000),
    fallback: '2048',
    help: 'Space for stored media per account, in MiB. The server deletes the media that was not used for the longest time.',
  },
  WHATSAPP_MAX_DOWNLOAD_MIB: {
    flag: 'max-download-mib',
    takes: 'MIB',
    schema: whole(1, 2_048),
    fallback: '256',
    help: 'Largest media that the server downloads from WhatsApp, in MiB.',
  },
  WHATSAPP_MEDIA_EAGER_MIB: {
    flag: 'media-eager-mib',
    takes: 'MIB',
    schema: whole(1, 2_048),
    fallback: '16',
    help: 'Largest media that `WHATSAPP_MEDIA_DOWNLOAD=eager` downloads without a request, in MiB.',
  },
  WHATSAPP_MEDIA_EAGER_KINDS: {
    flag: 'media-eager-kinds',
    takes: 'LIST',
    schema: mediaKinds,
    fallback: 'image,voice,audio,video,document,sticker',
    help: 'Kinds of media that `WHATSAPP_MEDIA_DOWNLOAD=eager` downloads without a request, separated by commas: `image`, `voice`, `audio`, `video`, `document`, `sticker`.',
  },
  WHATSAPP_TRANSCRIBE_COMMAND: {
    flag: 'transcribe-command',
    takes: 'COMMAND',
    names: 'command',
    schema: commandWith('{file}', '{wav}'),
    fallback: '',
    help: 'Command that prints the words of a voice note or audio file, such as `whisper-cli -m /models/ggml-base.bin -nt -np -f {wav}`. `{file}` is its file as received, `{wav}` the same as WAV (mono, 16 kHz; needs ffmpeg). It runs on this computer, without a shell. Empty: no transcripts. See docs/archive.md.',
  },
  WHATSAPP_TEXT_COMMAND: {
    flag: 'text-command',
    takes: 'COMMAND',
    names: 'command',
    schema: commandWith('{file}'),
    fallback: '',
    help: 'Command that prints the text of a document, such as `pdftotext -layout {file} -`. It runs on this computer, without a shell. Empty: no texts.',
  },
  WHATSAPP_WORDS_LIMIT_S: {
    flag: 'words-limit-s',
    takes: 'SECONDS',
    schema: whole(1, 86_400),
    fallback: '300',
    help: 'Longest run of these two commands, in seconds. One of them runs at a time.',
  },
  WHATSAPP_WORDS_LIMIT_MIB: {
    flag: 'words-limit-mib',
    takes: 'MIB',
    schema: whole(16, 1_000_000),
    fallback: '2048',
    help: 'Most memory of these two commands, in MiB.',
  },
  WHATSAPP_MCP_LOG_LEVEL: {
    flag: 'log-level',
    takes: 'LEVEL',
    schema: oneOf(['debug', 'info', 'warn', 'error', 'silent']),
    fallback: 'info',
    help: 'Level of the log on standard error: debug, info, warn, error or silent.',
  },
} as const satisfies Record<string, Row & { flag: string | null }>

export type SettingName = keyof typeof SETTINGS

export type Config = {
  host: string
  port: number
  /** Absolute path. */
  authDir: string
  /** As given; empty if the server must find a browser. */
  chromeExecutable: string
  headless: boolean
  /** Host names beside the loopback names, lower case, without a port, IPv6 addresses in brackets. */
  allowedHosts: string[]
  /** URL without a slash at the end; null if clients reach the server directly. */
  publicUrl: string | null
  /** Origins whose web pages may use the API. */
  corsOrigins: string[]
  /** True if requests without a key are never served. */
  keysRequired: boolean
  /** The source of the key with all scopes; null if the settings have none. */
  accessKey: KeySource | null
  /** Which access tokens are accepted; null: none. */
  oauth: OAuthRules | null
  /** True if only readings exist. */
  readOnly: boolean
  /** The toolsets that MCP clients may use; null: all, and only `core` is on by default. */
  toolsets: Toolset[] | null
  /** Limits of the history that is fetched automatically: messages per chat and in total, age in days, pause between requests. */
  history: { perChat: number; days: number; total: number; pauseMs: number }
  /** What happens to messages that MCP clients send. */
  mcpSends: Policy
  /** The chats that MCP clients and keys without the scope `admin` do not see. */
  hideChats: readonly Jid[]
  /** How fast one caller sends; 0: no limit. */
  pace: { perMinute: number; perHour: number; newPeoplePerDay: number }
  /** How long messages wait for approval, and how late scheduled ones may be sent. */
  outbox: { expiresMs: number; lateMs: number }
  /** Number of days that events are kept. */
  eventsDays: number
  /** Number of days that the audit log keeps calls. */
  auditDays: number
  /** The origins that webhooks may have whatever their address is. */
  webhookOrigins: string[]
  /** True if the rules of the rules file are used. */
  rules: boolean
  /** Directory of files that can be sent by name; empty: none. */
  filesDir: string
  /** True if files to send are fetched from URLs. */
  mediaUrls: boolean
  /** The largest file that a client can upload. */
  maxUploadBytes: number
  /** Whether each account sends a message to itself once a day. */
  canary: 'never' | 'daily'
  /** The most that the uploads of one caller take. */
  uploadQuotaBytes: number
  /** Limits of the memory of one browser; 0: none. */
  memory: { softBytes: number; hardBytes: number }
  /** Which media is fetched from WhatsApp and kept. */
  media: MediaRules
  /** Which messages the archive keeps, and for how long. */
  keep: KeepRules
  /** The source of the archive's key; null if the archive is not encrypted. */
  archiveKey: KeySource | null
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

/** The source of a key: the key itself, an absolute path, or a command line. */
export type KeySource = { key: string } | { file: string } | { command: string }

/** The settings of the command line, as text. They take precedence over the environment. */
export type GivenSettings = Partial<Record<SettingName, string>>

/** The sources of settings. `env` is usually the result of environment.ts. */
export type Sources = { flags?: GivenSettings; env: Record<string, string | undefined> }

export { ConfigError }

/**
 * Returns the configuration. A setting that is unset or empty takes its default.
 * @param options.root the folder that a relative default directory starts at; read only if needed, so it can be a getter
 * @param options.base the folder that given relative paths start at; default: the working directory
 * @throws ConfigError that names the flag or variable of the first wrong setting
 */
export function readConfig(options: Sources & { root: string; base?: string }): Config {
  const read = <Name extends SettingName>(name: Name) => readSetting(name, options)
  const authDir = (options.flags?.WHATSAPP_AUTH_DIR ?? options.env.WHATSAPP_AUTH_DIR)?.trim()
  const base = options.base ?? '.'
  const access = readAccess(options, base)
  const filesDir = read('WHATSAPP_FILES_DIR').trim()
  const [maxUploadMib, quotaMib] = [read('WHATSAPP_MAX_UPLOAD_MIB'), read('WHATSAPP_UPLOAD_QUOTA_MIB')]
  if (quotaMib < maxUploadMib)
    throw new ConfigError(
      `WHATSAPP_UPLOAD_QUOTA_MIB=${quotaMib} is less than WHATSAPP_MAX_UPLOAD_MIB (${maxUploadMib}): the largest files would never fit.`,
    )
  return {
    ...access,
    corsOrigins: read('WHATSAPP_MCP_CORS_ORIGINS'),
    port: read('WHATSAPP_MCP_PORT'),
    authDir: authDir ? toPath(authDir, base) : join(options.root, SETTINGS.WHATSAPP_AUTH_DIR.fallback),
    chromeExecutable: read('WHATSAPP_CHROME_EXECUTABLE'),
    headless: read('WHATSAPP_HEADLESS'),
    readOnly: read('WHATSAPP_MCP_READ_ONLY'),
    toolsets: read('WHATSAPP_MCP_TOOLSETS'),
    mcpSends: read('WHATSAPP_MCP_SENDS'),
    hideChats: read('WHATSAPP_HIDE_CHATS'),
    pace: {
      perMinute: read('WHATSAPP_SENDS_PER_MINUTE'),
      perHour: read('WHATSAPP_SENDS_PER_HOUR'),
      newPeoplePerDay: read('WHATSAPP_NEW_PEOPLE_PER_DAY'),
    },
    outbox: {
      expiresMs: read('WHATSAPP_OUTBOX_EXPIRES_S') * 1_000,
      lateMs: read('WHATSAPP_SEND_LATE_WITHIN') * 1_000,
    },
    history: {
      perChat: read('WHATSAPP_HISTORY_PER_CHAT'),
      days: read('WHATSAPP_HISTORY_DAYS'),
      total: read('WHATSAPP_HISTORY_TOTAL'),
      pauseMs: read('WHATSAPP_HISTORY_PAUSE_MS'),
    },
    keep: {
      days: read('WHATSAPP_KEEP_DAYS'),
      perChat: read('WHATSAPP_KEEP_DAYS_PER_CHAT'),
      never: read('WHATSAPP_NEVER_STORE'),
      disappearing: read('WHATSAPP_KEEP_DISAPPEARING'),
    },
    archiveKey: readKeySource(options, base, ARCHIVE_KEY),
    eventsDays: read('WHATSAPP_EVENTS_DAYS'),
    auditDays: read('WHATSAPP_AUDIT_DAYS'),
    webhookOrigins: read('WHATSAPP_WEBHOOK_ALLOWED_ORIGINS'),
    rules: read('WHATSAPP_RULES'),
    filesDir: filesDir === '' ? '' : toPath(filesDir, base),
    mediaUrls: read('WHATSAPP_MEDIA_URLS'),
    maxUploadBytes: maxUploadMib * 2 ** 20,
    canary: read('WHATSAPP_CANARY'),
    uploadQuotaBytes: quotaMib * 2 ** 20,
    memory: {
      softBytes: read('WHATSAPP_MEMORY_SOFT_MIB') * 2 ** 20,
      hardBytes: read('WHATSAPP_MEMORY_HARD_MIB') * 2 ** 20,
    },
    media: {
      download: read('WHATSAPP_MEDIA_DOWNLOAD'),
      maxBytes: read('WHATSAPP_MAX_DOWNLOAD_MIB') * 2 ** 20,
      quotaBytes: read('WHATSAPP_MEDIA_QUOTA_MIB') * 2 ** 20,
      eagerMaxBytes: read('WHATSAPP_MEDIA_EAGER_MIB') * 2 ** 20,
      eagerTypes: read('WHATSAPP_MEDIA_EAGER_KINDS'),
      words: {
        commands: {
          transcript: readCommand('WHATSAPP_TRANSCRIBE_COMMAND', options, base),
          text: readCommand('WHATSAPP_TEXT_COMMAND', options, base),
        },
        ms: read('WHATSAPP_WORDS_LIMIT_S') * 1_000,
        memoryBytes: read('WHATSAPP_WORDS_LIMIT_MIB') * 2 ** 20,
      },
    },
    logLevel: read('WHATSAPP_MCP_LOG_LEVEL'),
  }
}

/** Returns the words of a command; null if none is set. */
function readCommand(
  name: 'WHATSAPP_TRANSCRIBE_COMMAND' | 'WHATSAPP_TEXT_COMMAND',
  sources: Sources,
  base: string,
): string[] | null {
  const words = wordsOf(rooted(SETTINGS[name], readSetting(name, sources), base)) ?? []
  const [program = '', ...others] = words
  return program === '' ? null : [expandHome(program), ...others]
}

/** The settings that name a key: itself, its file, its command. */
type KeySettings = { key: SettingName; file: SettingName; command?: SettingName }
const ARCHIVE_KEY: KeySettings = {
  key: 'WHATSAPP_ARCHIVE_KEY',
  file: 'WHATSAPP_ARCHIVE_KEY_FILE',
  command: 'WHATSAPP_ARCHIVE_KEY_COMMAND',
}
const ACCESS_KEY: KeySettings = { key: 'WHATSAPP_MCP_KEY', file: 'WHATSAPP_MCP_KEY_FILE' }

function readKeySource(sources: Sources, base: string, names: KeySettings): KeySource | null {
  const read = (name: SettingName) => String(readSetting(name, sources))
  const given: KeySource[] = []
  const [key, file, command] = [read(names.key), read(names.file), names.command ? read(names.command) : '']
  if (key !== '') given.push({ key })
  if (file !== '') given.push({ file: toPath(file, base) })
  if (command !== '') given.push({ command })
  if (given.length > 1) {
    const [first, ...others] = Object.values(names)
    const listed = others.length === 1 ? `${first} and ${others}` : `${first}, ${others.join(' and ')}`
    throw new ConfigError(`Only one of ${listed} may be set.`)
  }
  return given[0] ?? null
}

/** Returns the source of the key of the settings; null if they have none. Throws as {@link readConfig}. */
export function readAccessSource(sources: Sources, base: string): KeySource | null {
  return readKeySource(sources, base, ACCESS_KEY)
}

/** Reads where the server can be reached, and who needs a key. */
function readAccess(
  sources: Sources,
  base: string,
): Pick<Config, 'host' | 'allowedHosts' | 'publicUrl' | 'keysRequired' | 'accessKey' | 'oauth'> {
  const read = <Name extends SettingName>(name: Name) => readSetting(name, sources)
  const host = read('WHATSAPP_MCP_HOST')
  const publicUrl = read('WHATSAPP_MCP_PUBLIC_URL')
  const named = publicUrl === null ? [] : [new URL(publicUrl).hostname]
  const allowedHosts = [...new Set([...read('WHATSAPP_MCP_ALLOWED_HOSTS'), ...named])]
  const accessKey = readAccessSource(sources, base)
  const issuer = read('WHATSAPP_MCP_OAUTH_ISSUER')
  const oauth =
    issuer === null
      ? null
      : {
          issuer,
          audience: read('WHATSAPP_MCP_OAUTH_AUDIENCE') || null,
          scopes: read('WHATSAPP_MCP_OAUTH_SCOPES'),
          key: read('WHATSAPP_MCP_OAUTH_KEY') || null,
        }
  const hasKeys = accessKey !== null || oauth !== null || read('WHATSAPP_MCP_REQUIRE_KEY')
  if (!isLoopback(host) && !(hasKeys && allowedHosts.length > 0)) {
    throw new ConfigError(
      `WHATSAPP_MCP_HOST=${host} is an address that other computers can reach. It requires a key (WHATSAPP_MCP_KEY_FILE, WHATSAPP_MCP_KEY, or WHATSAPP_MCP_REQUIRE_KEY=true) and the name that clients use (WHATSAPP_MCP_ALLOWED_HOSTS or WHATSAPP_MCP_PUBLIC_URL). Without them, use a loopback address (127.0.0.1, ::1 or localhost) and an SSH tunnel.`,
    )
  }
  const keysRequired = hasKeys || publicUrl !== null || !allowedHosts.every(isLoopback)
  return { host, allowedHosts, publicUrl, keysRequired, accessKey, oauth }
}

/** Returns one setting: the flag, else the environment variable, else the default. Throws as {@link readConfig}. */
export function readSetting<Name extends SettingName>(
  name: Name,
  { flags, env }: Sources,
): z.output<(typeof SETTINGS)[Name]['schema']> {
  const row = SETTINGS[name]
  const fromFlag = flags?.[name]
  return fromFlag === undefined ? readValue(row, env[name], name) : readValue(row, fromFlag, `--${row.flag}`)
}

/** Parses the text that is given for a row. `name` is the flag or variable it was given in. Throws as {@link readConfig}. */
export function readValue<R extends Row>(
  { schema, fallback, isVerbatim }: R,
  given: string | undefined,
  name: string,
): z.output<R['schema']> {
  const text = (isVerbatim ? given : given?.trim()) || fallback
  const result = schema.safeParse(text)
  if (result.success) return result.data as z.output<R['schema']>
  const allowed = result.error.issues[0]?.message
  // Without the value: a secret may be in the wrong setting, and the message goes to the log of a service.
  throw new ConfigError(`The value of ${name} is not allowed. Allowed: ${allowed}.`)
}

/**
 * Returns the value with relative paths made absolute from `base`, so that it can be read in another folder. A program
 * without a slash is found on the PATH: it stays as it is.
 * In a command, only the program is a known path; its other words stay as they are.
 */
export function rooted({ names }: Pick<Row, 'names'>, value: string, base: string): string {
  if (names === 'path') return toPath(value, base)
  if (names === 'program') return isPath(value) ? toPath(value, base) : value
  if (names !== 'command') return value
  const [first = ''] = /^(?:'[^']*'|"[^"]*"|[^\s'"])+/.exec(value) ?? []
  const program = wordsOf(first)?.[0] ?? ''
  return isPath(program) ? toWord(toPath(program, base)) + value.slice(first.length) : value
}

const isPath = (program: string) => /[\\/]/.test(program)

/** Quotes one word of a command line, as {@link wordsOf} reads it. */
function toWord(text: string): string {
  if (!/[\s'"]/.test(text)) return text
  const quote = (part: string) => (part.includes("'") ? `"${part}"` : `'${part}'`)
  return (text.match(/'+|[^']+/g) ?? []).map(quote).join('')
}

/** What reaches a server that listens on all addresses. */
const LOCAL: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** Returns the server's URL on this computer. */
export function serverUrl(bound: string, port: number): string {
  const host = LOCAL[bound] ?? bound
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`
}
