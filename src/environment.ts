/** The environment that settings are read from: that of the process, over the `.env` of one folder. */
import { lstatSync, realpathSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { ConfigError, type GivenSettings, type Row, SETTINGS, type SettingName } from './config.ts'
import { readText, UnfitFileError } from './read-file.ts'

export type Environment = Record<string, string | undefined>

/**
 * The process's environment over the `.env` of this folder, if there is one: of the working directory, unless another is named.
 * @throws ConfigError where the file belongs to another user, can be changed by one, or cannot be read
 */
export function readEnvironment(folder = '.'): Environment {
  return { ...readEnvFile(folder), ...process.env }
}

/**
 * The same, for a command that runs what settings name: a folder that came from elsewhere must not say what is run, so
 * only the `.env` of the data root may.
 * @param flags settings given as flags; they win, so that what the file says of them does not matter
 * @throws ConfigError as {@link readEnvironment}, and where the `.env` of another folder names a program
 */
export function readOwnEnvironment(root: () => string, flags: GivenSettings): Environment {
  const fromFile = readEnvFile('.')
  const isGiven = (name: SettingName) => flags[name] !== undefined || process.env[name] !== undefined
  const named = PROGRAMS.find((name) => fromFile[name]?.trim() && !isGiven(name))
  if (named !== undefined && !isSame('.', root())) {
    throw new ConfigError(
      `.env in the working directory names a program in ${named}, and programs are run only as the .env in ${root()} names them. Move that line there, or set ${named} in the environment.`,
    )
  }
  return { ...fromFile, ...process.env }
}

const PROGRAMS = (Object.keys(SETTINGS) as SettingName[]).filter((name) => {
  const row: Row = SETTINGS[name]
  return row.names === 'program' || row.names === 'command'
})

function readEnvFile(folder: string): Environment {
  const file = join(folder, '.env')
  try {
    // Somebody else's link would choose among the files that this user has.
    requireTrusted(lstatSync(file), 'link')
    return parseEnv(readText(file, { look: (stats) => requireTrusted(stats, 'file') }))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
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

/** Of this user or root, and nobody else can change it. Windows has no such modes. */
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
    // The data root need not exist.
    return false
  }
}
