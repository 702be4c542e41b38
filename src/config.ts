/** Every setting, once: environment variable, default, meaning. Read at the start, passed down, never read elsewhere. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { z } from 'zod'

const flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1')
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
)
const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.number().min(min).max(max))

/** One row a setting, in the order of the documentation. `fallback` is what an unset or empty variable means. */
export const SETTINGS = {
  WHATSAPP_MCP_HOST: {
    schema: z.string().min(1),
    fallback: '127.0.0.1',
    help: 'Address to bind. Only loopback addresses are taken: whoever reaches the server can use the account.',
  },
  WHATSAPP_MCP_PORT: {
    schema: whole(0, 65535),
    fallback: '8790',
    help: 'TCP port to bind. 0 picks a free one.',
  },
  WHATSAPP_AUTH_DIR: {
    schema: z.string().min(1),
    fallback: '.wwebjs_auth',
    help: 'Where the linked session lives. A relative default lies under the project root, a relative value under the working directory.',
  },
  WHATSAPP_CHROME_EXECUTABLE: {
    schema: z.string(),
    fallback: '',
    help: 'Browser to drive. Empty: an installed Chrome, Chromium or Edge is found by itself.',
  },
  WHATSAPP_HEADLESS: {
    schema: flag,
    fallback: 'true',
    help: 'Run the browser without a window. `false` helps where linking asks for a passkey.',
  },
  WHATSAPP_MCP_ALLOWED_HOSTS: {
    schema: list,
    fallback: '',
    help: 'More host names, separated by commas, under which the server may be called. Loopback names always pass.',
  },
  WHATSAPP_MCP_LOG_LEVEL: {
    schema: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
    fallback: 'info',
    help: 'How much is logged to standard error: debug, info, warn, error or silent.',
  },
} as const satisfies Record<string, { schema: z.ZodType; fallback: string; help: string }>

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
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

/** A setting with a value that is not allowed. `message` is one line with its name, its value and what is allowed. */
export class ConfigError extends Error {}

/**
 * The configuration from these variables; unset and empty ones take their default.
 * @param options.env usually {@link readEnvironment}'s answer
 * @param options.root what a relative default directory lies under
 * @throws ConfigError naming the first wrong setting
 */
export function readConfig(options: { env: Record<string, string | undefined>; root: string }): Config {
  const read = <Name extends SettingName>(name: Name): z.output<(typeof SETTINGS)[Name]['schema']> => {
    const { schema, fallback, help } = SETTINGS[name]
    const given = options.env[name]?.trim()
    const result = schema.safeParse(given === undefined || given === '' ? fallback : given)
    if (!result.success) {
      const allowed = result.error.issues[0]?.message ?? help
      throw new ConfigError(`${name}="${given}" is not allowed: ${allowed}. ${help}`)
    }
    return result.data as z.output<(typeof SETTINGS)[Name]['schema']>
  }
  const host = read('WHATSAPP_MCP_HOST')
  if (!isLoopback(host)) {
    throw new ConfigError(
      `WHATSAPP_MCP_HOST="${host}" is not allowed: only a loopback address (127.0.0.1, ::1, localhost). ` +
        'Whoever reaches the server can use the account; use an SSH tunnel to call it from another machine.',
    )
  }
  const authDir = options.env.WHATSAPP_AUTH_DIR?.trim()
  return {
    host,
    port: read('WHATSAPP_MCP_PORT'),
    authDir: authDir ? resolve(authDir) : join(options.root, read('WHATSAPP_AUTH_DIR')),
    chromeExecutable: read('WHATSAPP_CHROME_EXECUTABLE'),
    headless: read('WHATSAPP_HEADLESS'),
    allowedHosts: read('WHATSAPP_MCP_ALLOWED_HOSTS'),
    logLevel: read('WHATSAPP_MCP_LOG_LEVEL'),
  }
}

/** The process's environment over the `.env` file of the working directory, if there is one. */
export function readEnvironment(): Record<string, string | undefined> {
  let fromFile: Record<string, string | undefined> = {}
  try {
    fromFile = parseEnv(readFileSync('.env', 'utf8'))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  return { ...fromFile, ...process.env }
}

/** Is this host name or address one that only this machine can reach? */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
}
