/** Reads the key of a client from its file, for every command and for the .mcpb bundle. Imports no settings: they take long to load. */
import { KeyError, type KeyLog, readAccessKey } from '../archive-key.ts'
import type { KeySource } from '../config.ts'
import { toPath } from '../home.ts'
import { CommandError, EXIT } from './exit-codes.ts'

const onStderr: KeyLog = { warn: (_: unknown, text?: string) => void process.stderr.write(`${text}\n`) }

/** Returns the key; null if there is no source. @throws CommandError if the file cannot be used */
export function readKey(source: KeySource | null, log: KeyLog | null = onStderr): string | null {
  try {
    return readAccessKey(source, log)
  } catch (error) {
    if (!(error instanceof KeyError)) throw error
    throw new CommandError(error.message, error.hint, EXIT.wrongSetting)
  }
}

/** Returns the source that is named in WHATSAPP_API_KEY_FILE, or null. `given`, if it is not empty, takes its place. */
export function keyFileOf(given = ''): KeySource | null {
  const file = given || process.env.WHATSAPP_API_KEY_FILE?.trim() || ''
  return file === '' ? null : { file: toPath(file) }
}
