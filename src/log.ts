/** The log: JSON lines on standard error, or readable lines on a terminal. Never includes messages or identities. */
import { createHmac } from 'node:crypto'
import { pino } from 'pino'
import { escapeInJson, toJson } from './json.ts'

/** The logger of all rooms. Fields are facts. They never include message text, phone numbers, names, codes or keys. */
export type Log = {
  debug: LogLine
  info: LogLine
  warn: LogLine
  error: LogLine
}
type LogLine = {
  (facts: Record<string, unknown>, message: string): void
  (message: string): void
}

const LEVELS: Record<number, string> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' }

/**
 * Returns a log at this level. `write` gets whole lines. The default is standard error, readable if it is a terminal.
 * Errors are logged with their stack, but runs of five or more digits (numbers, ids) are replaced with `…`.
 */
export function createLog(options: {
  level: string
  write?: (line: string) => void
  readable?: boolean
}): Log {
  const write = options.write ?? ((line: string) => process.stderr.write(line))
  const readable = options.readable ?? (options.write === undefined && process.stderr.isTTY === true)
  return pino(
    {
      level: options.level,
      base: null,
      serializers: { err: describeError },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
    },
    { write: (line: string) => write(readable ? toReadable(line) : escapeInJson(line)) },
  )
}

/** Returns a log whose lines all have these facts too. */
export function logAbout(log: Log, facts: Record<string, unknown>): Log {
  const line =
    (level: keyof Log): LogLine =>
    (first: Record<string, unknown> | string, message?: string) =>
      typeof first === 'string' ? log[level](facts, first) : log[level]({ ...facts, ...first }, message ?? '')
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}

/** Returns the fields of an error: type, message and stack, including its causes, without long digit runs. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: blank(String(error)) }
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) }
  return { type: error.name, message: blank(error.message), stack: blank(error.stack ?? ''), ...cause }
}

function blank(text: string): string {
  return text.replace(/\d{5,}(@[\w.]+)?/g, '…')
}

function toReadable(line: string): string {
  const { level, time, msg, err, ...facts } = JSON.parse(line)
  const rest = Object.entries(facts).map(([key, value]) => ` ${key}=${toJson(value)}`)
  const stack =
    err === undefined
      ? ''
      : `\n  ${escapeControls(String(err.stack ?? err.message)).replaceAll('\\n', '\n  ')}`
  return `${String(time).slice(11, 19)} ${LEVELS[level] ?? level} ${escapeControls(String(msg))}${rest.join('')}${stack}\n`
}

function escapeControls(text: string): string {
  return toJson(text).slice(1, -1)
}

/** Returns a function that hashes a chat for the log: the same chat has the same short hash, which does not identify it. */
export function createChatHash(key: string): (jid: string) => string {
  return (jid) => createHmac('sha256', key).update(jid).digest('hex').slice(0, 10)
}
