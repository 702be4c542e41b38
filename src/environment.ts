/** The environment of the settings: the process's environment, which takes precedence over the `.env` of one folder. */
import { lstatSync, realpathSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { ConfigError, type GivenSettings, type Row, SETTINGS, type SettingName } from './config.ts'
import { codeOf } from './error-code.ts'
import { readText, UnfitFileError } from './read-file.ts'

export type Environment = Record<string, string | undefined>

/**
 * Returns the process's environment, and below it the `.env` of this folder, if it exists. Default: the working directory.
 * @throws ConfigError if the file belongs to another user, is writable by others, or cannot be read
 */
export function readEnvironment(folder = '.'): Environment {
  return { ...readEnvFile(folder), ...process.env }
}

/**
 * Returns the same for a command that runs programs of the settings. A downloaded folder must not choose programs to run,
 * so only the `.env` of the data root may name them, switch on rules, or choose the directory of rules that are on.
 * @param flags settings given as flags; they take precedence, so the file's values of these settings do not matter
 * @throws ConfigError as {@link readEnvironment}, and if the `.env` of another folder does so
 */
export function readOwnEnvironment(root: () => string, flags: GivenSettings): Environment {
  const fromFile = readEnvFile('.')
  const isGiven = (name: SettingName) => flags[name] !== undefined || process.env[name] !== undefined
  const given = { ...process.env, ...flags }
  const names = isOn(given.WHATSAPP_RULES) ? [...PROGRAMS, 'WHATSAPP_AUTH_DIR' as const] : PROGRAMS
  const named = names.find((name) => isSet(name, fromFile[name]) && !isGiven(name))
  if (named !== undefined && !isSame('.', root())) {
    throw new ConfigError(
      `.env in the working directory decides with ${named} which programs run, which only the .env in ${root()} may do. Move that line there, or set ${named} in the environment.`,
    )
  }
  return { ...fromFile, ...process.env }
}

/** The settings that name programs, and the switch for rules, which name programs too, in a directory that the same file can choose. */
const PROGRAMS = (Object.keys(SETTINGS) as SettingName[]).filter((name) => {
  const row: Row = SETTINGS[name]
  return row.names === 'program' || row.names === 'command' || name === 'WHATSAPP_RULES'
})

/** A switch that is off runs nothing. */
const isOn = (value = '') => !['', 'false', '0'].includes(value.trim())
const isSet = (name: SettingName, value = '') =>
  name === 'WHATSAPP_RULES' ? isOn(value) : value.trim() !== ''

function readEnvFile(folder: string): Environment {
  const file = join(folder, '.env')
  try {
    // A link of another user could select any file of this user.
    requireTrusted(lstatSync(file), 'link')
    return parseEnv(readText(file, { look: (stats) => requireTrusted(stats, 'file') }))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return {}
    const name = folder === '.' ? '.env in the working directory' : file
    if (error instanceof Distrusted) throw new ConfigError(`${name} ${error.message} ${error.next(file)}`)
    if (error instanceof UnfitFileError)
      throw new ConfigError(`${name} ${error.message}. Save it as a plain UTF-8 text file, or remove it.`)
    throw new ConfigError(`${name} cannot be read: ${error instanceof Error ? error.message : error}.`)
  }
}

class Distrusted extends Error {
  readonly next: (file: string) => string
  constructor(message: string, next: (file: string) => string) {
    super(message)
    this.next = next
  }
}

/** Checks that the file belongs to this user or root, and that only its owner can write it. Windows has no such modes. */
function requireTrusted({ uid, mode }: Stats, what: 'link' | 'file'): void {
  if (process.getuid === undefined) return
  if (uid !== process.getuid() && uid !== 0) {
    throw new Distrusted(
      'belongs to another user, so it is not read.',
      () => 'Start in another folder, or replace it with a file of your own.',
    )
  }
  if (what === 'file' && (mode & 0o022) !== 0) {
    throw new Distrusted(
      'can be changed by other users, so it is not read.',
      (file) => `Run: chmod go-w ${file}`,
    )
  }
}

function isSame(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other)
  } catch {
    // The data root may not exist.
    return false
  }
}
