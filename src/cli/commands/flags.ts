/** Flags and settings that several commands share. */
import { z } from 'zod'
import { onOff, type Row, SETTINGS, type SettingName } from '../../config.ts'
import { idempotencyKey } from '../../model/idempotency-key.ts'
import { accountIdInput, DEFAULT_ACCOUNT } from '../../model/ids.ts'
import { toServerUrl } from '../server-url.ts'

/** For commands that run or start a server, or check what it would use. */
export const ALL_SETTINGS = Object.keys(SETTINGS) as SettingName[]

/** The settings of every command that calls the running server. */
export const CLIENT_SETTINGS = ['WHATSAPP_MCP_HOST', 'WHATSAPP_MCP_PORT'] as const

/** A flag without a value. */
export const switchFlag = (help: string) =>
  ({ takes: null, schema: onOff, fallback: 'false', help }) satisfies Row

/** A flag with any text. Default: the empty text. */
export const text = (takes: string, help: string) =>
  ({ takes, schema: z.string(), fallback: '', help }) satisfies Row

/** Answers as data instead of text. */
export const json = switchFlag('Print JSON, for programs.')

/** Runs a command that deletes without its question. */
export const yes = switchFlag('Do not ask for confirmation.')

/** Where a new secret is written, as `withSecret` does it. */
export const secretOut = text(
  'FILE',
  'File for the secret, which only you can read. Default: standard output.',
)

/** Names a server; without it, {@link CLIENT_SETTINGS} do. Empty if it was omitted. */
export const url = {
  takes: 'URL',
  schema: z
    .string()
    .transform((text) => (text === '' ? '' : toServerUrl(text)))
    .refine((url) => url !== null, 'a URL such as http://127.0.0.1:8790')
    .transform((url) => url ?? ''),
  fallback: '',
  help: 'URL of the server or of its MCP endpoint. Default: WHATSAPP_MCP_URL of the environment, else the host and port of the settings.',
} satisfies Row

/** The flags of every command that calls a server. */
export const server = {
  url,
  'key-file': text(
    'FILE',
    'File that contains the key to send, as its only line. Default: WHATSAPP_API_KEY_FILE of the environment, else the key of the settings, which is not sent to the server of --url.',
  ),
} as const

/** The account that a command is about, `default` if it was omitted. */
export const account = {
  takes: 'ID',
  schema: z.string().pipe(accountIdInput),
  fallback: DEFAULT_ACCOUNT,
  help: 'Account of the server.',
} satisfies Row

/** Makes a command that is repeated act once. */
export const once = {
  'idempotency-key': {
    takes: 'KEY',
    schema: z.union([z.literal(''), idempotencyKey], '1 to 200 visible ASCII characters, such as a UUID'),
    fallback: '',
    help: 'A key of your own, such as a UUID. Repeated with the same key within 7 days, the command acts once and prints the first outcome.',
  },
} as const satisfies Record<string, Row>

/** A flag with a number of minutes. Tests use fractions. */
export const minutes = (fallback: string, help: string) =>
  ({
    takes: 'N',
    schema: z
      .string()
      .refine((text) => /^\d{1,6}(\.\d{1,4})?$/.test(text), 'a number of minutes, such as 10')
      .transform(Number),
    fallback,
    help,
  }) satisfies Row
