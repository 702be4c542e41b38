/** Finds the key of a command that calls the server. A key never stands on the command line, which other users can read. */
import { type GivenSettings, readAccessSource } from '../config.ts'
import { keyFileOf, readKey } from './read-key.ts'

export type KeyOptions = {
  /** The value of `--key-file`; empty if it was not given. */
  file: string
  /** True if the URL of the server was given explicitly: see `Server.isNamed` in client.ts. */
  isNamed: boolean
  settings: GivenSettings
  env: () => Record<string, string | undefined>
  /** The folder that relative paths of the settings start at. Default: the working directory. */
  base?: string
}

/**
 * Returns the key, or null if there is none: that of `--key-file`, else of WHATSAPP_API_KEY_FILE, else the key of the server's
 * own settings. The latter is only for the server of these settings. Ignores WHATSAPP_API_KEY_FILE in `.env`: a file in a
 * downloaded folder must not choose what is sent to a server that was named.
 * @throws CommandError if the file cannot be used, ConfigError if the settings name two keys
 */
export function clientKey({ file, isNamed, settings, env, base = '.' }: KeyOptions): string | null {
  const own = () => (isNamed ? null : readAccessSource({ flags: settings, env: env() }, base))
  return readKey(keyFileOf(file) ?? own())
}
