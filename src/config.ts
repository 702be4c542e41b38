/** Every setting, once: environment variable, default, meaning. Read at the start, passed down, never read elsewhere. */
import { join } from 'node:path'
import { z } from 'zod'
import { ConfigError } from './config-error.ts'
import { toPath } from './home.ts'
import { isLoopback } from './loopback.ts'
import { chatList, daysPerChat, type KeepRules, MAX_KEEP_DAYS } from './model/keeping.ts'

/** What a switch may be set to. */
export const onOff = z
  .enum(['true', 'false', '1', '0'], 'true or false')
  .transform((value) => value === 'true' || value === '1')
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
)
/** Host names as a Host header is compared: lower case, no port. */
const hosts = list.transform((names) => names.map((name) => name.toLowerCase().replace(/:\d+$/, '')))
/** A whole number, written in digits. */
export const whole = (min: number, max: number) =>
  z
    .string()
    .refine(
      (text) => /^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max,
      `a whole number from ${min} to ${max}`,
    )
    .transform(Number)
/** One of these words. */
export const oneOf = <const Words extends readonly string[]>(words: Words) =>
  z.enum(words, `one of ${words.join(', ')}`)

/** Something that a person can set: a setting below, or a flag of one command only (cli/commands.ts). */
export type Row = {
  /** Stands for the value in help, such as `PORT`; null for a switch (`--x`, `--no-x`, `--x=false`). */
  takes: string | null
  /** From the text as given. The message of its first issue says what is allowed. */
  schema: z.ZodType
  /** What it means when left out or empty, as text. */
  fallback: string
  help: string
  /** What its value names on this disk; left out: nothing. See {@link rooted}. */
  names?: 'path' | 'program' | 'command'
}

/**
 * One row a setting, in the order of the documentation: a variable of the environment, and a flag of commands; null
 * where it may be none, since everybody on this computer can read a command line.
 */
export const SETTINGS = {
  WHATSAPP_MCP_HOST: {
    flag: 'host',
    takes: 'ADDRESS',
    schema: z
      .string()
      .refine(
        isLoopback,
        'only a loopback address (127.0.0.1, ::1, localhost), since whoever reaches the server can use the account; an SSH tunnel reaches it from another machine',
      ),
    fallback: '127.0.0.1',
    help: 'Address of the server. Only loopback addresses are taken: whoever reaches the server can use the account.',
  },
  WHATSAPP_MCP_PORT: {
    flag: 'port',
    takes: 'PORT',
    schema: whole(0, 65535),
    fallback: '8790',
    help: 'TCP port of the server. 0 picks a free one.',
  },
  WHATSAPP_AUTH_DIR: {
    flag: 'auth-dir',
    takes: 'DIR',
    names: 'path',
    schema: z.string().min(1),
    fallback: '.wwebjs_auth',
    help: 'Where the linked session lives. The default lies under the project root (of an installed package: in your data directory), a relative value under the working directory.',
  },
  WHATSAPP_CHROME_EXECUTABLE: {
    flag: 'chrome-executable',
    takes: 'FILE',
    names: 'program',
    schema: z.string(),
    fallback: '',
    help: 'Browser to drive. Empty: an installed Chrome, Chromium or Edge is found by itself.',
  },
  WHATSAPP_HEADLESS: {
    flag: 'headless',
    takes: null,
    schema: onOff,
    fallback: 'true',
    help: 'Run the browser without a window. `false` helps where linking asks for a passkey.',
  },
  WHATSAPP_MCP_ALLOWED_HOSTS: {
    flag: 'allowed-hosts',
    takes: 'NAMES',
    schema: hosts,
    fallback: '',
    help: 'More host names, separated by commas, under which the server may be called. Loopback names always pass.',
  },
  WHATSAPP_HISTORY_PER_CHAT: {
    flag: 'history-per-chat',
    takes: 'MESSAGES',
    schema: whole(0, 1_000_000),
    fallback: '1000',
    help: 'How many older messages of each chat are fetched into the archive by themselves, newest first. 0: none. What came while the server was down is fetched in any case.',
  },
  WHATSAPP_HISTORY_DAYS: {
    flag: 'history-days',
    takes: 'DAYS',
    schema: whole(0, 36_500),
    fallback: '365',
    help: 'Older messages than this are not fetched by themselves.',
  },
  WHATSAPP_HISTORY_TOTAL: {
    flag: 'history-total',
    takes: 'MESSAGES',
    schema: whole(0, 100_000_000),
    fallback: '200000',
    help: 'Once the archive holds as many messages, no older ones are fetched by themselves.',
  },
  WHATSAPP_HISTORY_PAUSE_MS: {
    flag: 'history-pause-ms',
    takes: 'MS',
    schema: whole(0, 60_000),
    fallback: '50',
    help: 'Pause between two questions to WhatsApp Web while older messages are fetched, in milliseconds.',
  },
  WHATSAPP_KEEP_DAYS: {
    flag: 'keep-days',
    takes: 'DAYS',
    schema: whole(0, MAX_KEEP_DAYS),
    fallback: '0',
    help: 'Messages older than this are deleted from the archive, and not fetched again. 0: they are kept for ever.',
  },
  WHATSAPP_KEEP_DAYS_PER_CHAT: {
    flag: 'keep-days-per-chat',
    takes: 'LIST',
    schema: daysPerChat,
    fallback: '',
    help: 'Other numbers of days for some chats, such as `120363000000000000@g.us=7,15551234567=0,status=1`: ids, phone numbers, or `direct`, `groups`, `channels`, `status`, `broadcasts`; one chat goes before its kind.',
  },
  WHATSAPP_NEVER_STORE: {
    flag: 'never-store',
    takes: 'LIST',
    schema: chatList,
    fallback: '',
    help: 'Chats whose messages are never written, separated by commas, named like those above: `status,channels,15551234567`. What the archive has of them is deleted.',
  },
  WHATSAPP_KEEP_DISAPPEARING: {
    flag: 'keep-disappearing',
    takes: null,
    schema: onOff,
    fallback: 'false',
    help: 'Keep messages that disappear from WhatsApp. Otherwise they leave the archive at the same time.',
  },
  WHATSAPP_ARCHIVE_KEY: {
    flag: null,
    takes: 'KEY',
    schema: z.string(),
    fallback: '',
    help: 'Key of the encrypted archive, 12 characters or more. Of the environment only, never a flag; a file or a command keeps it better. See docs/archive.md.',
  },
  WHATSAPP_ARCHIVE_KEY_FILE: {
    flag: 'archive-key-file',
    takes: 'FILE',
    names: 'path',
    schema: z.string(),
    fallback: '',
    help: 'File with that key in its one line, readable by its owner only. At most one of the three is set.',
  },
  WHATSAPP_ARCHIVE_KEY_COMMAND: {
    flag: 'archive-key-command',
    takes: 'COMMAND',
    names: 'command',
    schema: z.string(),
    fallback: '',
    help: 'Command that prints that key in its first line within 10 seconds, such as `secret-tool lookup service whatsapp-archive`. Run without a shell: words are split at spaces, \'…\' and "…" keep them together.',
  },
  WHATSAPP_EVENTS_DAYS: {
    flag: 'events-days',
    takes: 'DAYS',
    schema: whole(1, 3_650),
    fallback: '30',
    help: 'How long events can be read again. Older ones are dropped from the log; what they told of stays in the archive.',
  },
  WHATSAPP_MCP_LOG_LEVEL: {
    flag: 'log-level',
    takes: 'LEVEL',
    schema: oneOf(['debug', 'info', 'warn', 'error', 'silent']),
    fallback: 'info',
    help: 'How much is logged to standard error: debug, info, warn, error or silent.',
  },
} as const satisfies Record<string, Row & { flag: string | null }>

export type SettingName = keyof typeof SETTINGS

export type Config = {
  host: string
  port: number
  /** Absolute path. */
  authDir: string
  /** As given; empty where a browser is to be found. */
  chromeExecutable: string
  headless: boolean
  allowedHosts: string[]
  /** How much history is fetched by itself: messages of each chat and of all, days back, pause between questions. */
  history: { perChat: number; days: number; total: number; pauseMs: number }
  /** How many days events are kept. */
  eventsDays: number
  /** What is kept in the archive, and for how long. */
  keep: KeepRules
  /** Where the key of the archive comes from; null: it is not encrypted. */
  archiveKey: KeySource | null
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

/** Where a key is to be had. An absolute path; a command line. */
export type KeySource = { key: string } | { file: string } | { command: string }

/** What a person gave on the command line, by setting and as text: it wins over the environment. */
export type GivenSettings = Partial<Record<SettingName, string>>

/** Where settings come from. `env` is usually what environment.ts reads. */
export type Sources = { flags?: GivenSettings; env: Record<string, string | undefined> }

export { ConfigError }

/**
 * The configuration; what is unset or empty takes its default.
 * @param options.root what a relative default directory lies under; read only where it is needed, so that it may be a getter
 * @param options.base what relative paths that were given lie under; the working directory where it is left out
 * @throws ConfigError naming the first wrong setting by the flag or variable that it was given in
 */
export function readConfig(options: Sources & { root: string; base?: string }): Config {
  const read = <Name extends SettingName>(name: Name) => readSetting(name, options)
  const authDir = (options.flags?.WHATSAPP_AUTH_DIR ?? options.env.WHATSAPP_AUTH_DIR)?.trim()
  const base = options.base ?? '.'
  return {
    host: read('WHATSAPP_MCP_HOST'),
    port: read('WHATSAPP_MCP_PORT'),
    authDir: authDir ? toPath(authDir, base) : join(options.root, SETTINGS.WHATSAPP_AUTH_DIR.fallback),
    chromeExecutable: read('WHATSAPP_CHROME_EXECUTABLE'),
    headless: read('WHATSAPP_HEADLESS'),
    allowedHosts: read('WHATSAPP_MCP_ALLOWED_HOSTS'),
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
    archiveKey: readKeySource(options, base),
    eventsDays: read('WHATSAPP_EVENTS_DAYS'),
    logLevel: read('WHATSAPP_MCP_LOG_LEVEL'),
  }
}

function readKeySource(sources: Sources, base: string): KeySource | null {
  const sourcesGiven: KeySource[] = []
  const key = readSetting('WHATSAPP_ARCHIVE_KEY', sources)
  if (key !== '') sourcesGiven.push({ key })
  const file = readSetting('WHATSAPP_ARCHIVE_KEY_FILE', sources)
  if (file !== '') sourcesGiven.push({ file: toPath(file, base) })
  const command = readSetting('WHATSAPP_ARCHIVE_KEY_COMMAND', sources)
  if (command !== '') sourcesGiven.push({ command })
  if (sourcesGiven.length > 1) {
    throw new ConfigError(
      'Only one of WHATSAPP_ARCHIVE_KEY, WHATSAPP_ARCHIVE_KEY_FILE and WHATSAPP_ARCHIVE_KEY_COMMAND may be set.',
    )
  }
  return sourcesGiven[0] ?? null
}

/** One setting by itself, for who needs no more: a flag, else the environment, else the default. Throws as above. */
export function readSetting<Name extends SettingName>(
  name: Name,
  { flags, env }: Sources,
): z.output<(typeof SETTINGS)[Name]['schema']> {
  const row = SETTINGS[name]
  const fromFlag = flags?.[name]
  return fromFlag === undefined ? readValue(row, env[name], name) : readValue(row, fromFlag, `--${row.flag}`)
}

/** What the text given for this row means. `name` is how the person named it. Throws as above. */
export function readValue<R extends Row>(
  { schema, fallback }: R,
  given: string | undefined,
  name: string,
): z.output<R['schema']> {
  const text = given?.trim() || fallback
  const result = schema.safeParse(text)
  if (result.success) return result.data as z.output<R['schema']>
  const allowed = result.error.issues[0]?.message
  throw new ConfigError(`${name}=${JSON.stringify(text)} is not allowed: ${allowed}.`)
}

/**
 * The value as it is to be written where it is read in another folder: relative paths whole, from `base` on. A program
 * without a slash is one of the PATH: it stays.
 * Of a command the program alone is known to be a path; its other words stay as they are.
 */
export function rooted({ names }: Pick<Row, 'names'>, value: string, base: string): string {
  if (names === 'path') return toPath(value, base)
  if (names === 'program') return isPath(value) ? toPath(value, base) : value
  if (names !== 'command') return value
  const [first = ''] = /^(?:'[^']*'|"[^"]*"|[^\s'"])+/.exec(value) ?? []
  const program = first.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double)
  return isPath(program) ? toWord(toPath(program, base)) + value.slice(first.length) : value
}

const isPath = (program: string) => /[\\/]/.test(program)

/** One word of a command line, whatever stands in it (archive-key.ts reads them). */
function toWord(text: string): string {
  if (!/[\s'"]/.test(text)) return text
  const quote = (part: string) => (part.includes("'") ? `"${part}"` : `'${part}'`)
  return (text.match(/'+|[^']+/g) ?? []).map(quote).join('')
}

/** The server's address for whoever is on this machine. */
export function serverUrl(host: string, port: number): string {
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`
}
