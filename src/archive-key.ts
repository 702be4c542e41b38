/** Reads the key of the archive once, at the start, from the source in the settings. The key is never logged. */
import { spawn } from 'node:child_process'
import { fchmodSync, type Stats } from 'node:fs'
import { childEnvironment } from './child-environment.ts'
import { wordsOf } from './command-words.ts'
import type { KeySource } from './config.ts'
import { expandHome } from './home.ts'
import type { Log } from './log.ts'
import { readText, UnfitFileError } from './read-file.ts'

/** Time limit of the key command. A locked key store asks its owner, who may be absent. */
const COMMAND_MS = 10_000
/** An attacker with the file can try keys at the speed of scrypt: about three a second on each core. */
const MIN_CHARACTERS = 12
const MAX_BYTES = 64 * 1024
const MAKE_ONE = 'Generate a key with: openssl rand -base64 32'

/** The key cannot be read. `message` is one sentence that includes nothing of the key, `hint` the next step. */
export class KeyError extends Error {
  readonly hint: string
  constructor(message: string, hint: string) {
    super(message)
    this.name = 'KeyError'
    this.hint = hint
  }
}

/** Says that the mode of a key file was changed. Null in its place: the mode stays as it is. */
export type KeyLog = Pick<Log, 'warn'>

/**
 * Resolves with the key; null if none is set. Rejects with a {@link KeyError} if the key is set but cannot be read: a
 * server without it could store nothing, and the user would not notice.
 */
export async function readArchiveKey(source: KeySource | null, log: KeyLog | null): Promise<string | null> {
  if (source === null) return null
  if ('key' in source) return requireKey(source.key, 'WHATSAPP_ARCHIVE_KEY')
  if ('file' in source) return requireKey(readKeyFile(source.file, log), source.file)
  return requireKey(firstLine(await outputOf(source.command)), 'The output of WHATSAPP_ARCHIVE_KEY_COMMAND')
}

/** Requests can try keys much faster than an attacker with the archive can. */
const MIN_ACCESS_CHARACTERS = 24

/** Returns the key of a caller; null if none is set. @throws KeyError like {@link readArchiveKey} */
export function readAccessKey(source: KeySource | null, log: KeyLog | null): string | null {
  if (source === null || 'command' in source) return null
  const [text, what] =
    'key' in source ? [source.key, 'WHATSAPP_MCP_KEY'] : [readKeyFile(source.file, log), source.file]
  const key = requireKey(text, what, MIN_ACCESS_CHARACTERS)
  if (!/^[\x21-\x7e]+$/.test(key))
    throw new KeyError(
      `${what} has a character that a header cannot carry.`,
      `Use ASCII without spaces. ${MAKE_ONE}`,
    )
  return key
}

/** Reads the key from the only line of this file. Errors as {@link readArchiveKey}. */
export function readKeyFile(file: string, log: KeyLog | null): string {
  let text: string
  try {
    text = readText(file, { maxBytes: MAX_BYTES, look: (stats, fd) => makePrivate(file, stats, fd, log) })
  } catch (error) {
    if (error instanceof KeyError) throw error
    if (error instanceof UnfitFileError)
      throw new KeyError(
        `The key file ${file} ${error.message}.`,
        `Use a file that contains the key as its only line. ${MAKE_ONE}`,
      )
    throw new KeyError(
      `The key file ${file} cannot be read: ${error instanceof Error ? error.message : error}.`,
      'Make the file readable for the user that runs the server, or use another file.',
    )
  }
  const line = firstLine(text)
  if (text.slice(line.length).trim() !== '')
    throw new KeyError(
      `${file} has more than one line.`,
      `The file must contain only the key. ${MAKE_ONE} > ${file}`,
    )
  return line
}

/**
 * Returns the key without the invisible spaces around it, which editors and shells add.
 * @throws KeyError if the key is too short
 */
export function requireKey(text: string, what: string, characters = MIN_CHARACTERS): string {
  const key = text.trim()
  if ([...key].length >= characters) return key
  throw new KeyError(
    key === '' ? `${what} is empty.` : `${what} has fewer than ${characters} characters.`,
    MAKE_ONE,
  )
}

/** Returns the first line of a text, without its line break. */
export function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? ''
}

/** Makes the key file readable for its owner only. Accepts a file of root that our group can read, such as a container secret. */
function makePrivate(file: string, { uid, mode }: Stats, fd: number, log: KeyLog | null): void {
  if (process.getuid === undefined) return
  if (uid === process.getuid()) return closeToOthers(file, mode, fd, log)
  const isHandedOut = uid === 0 && (mode & 0o007) === 0
  if (isHandedOut) return
  throw new KeyError(
    uid === 0 ? `Every user can read the key file ${file}.` : `The key file ${file} belongs to another user.`,
    'Change the owner to the user that runs the server, and the mode to 600.',
  )
}

function closeToOthers(file: string, mode: Stats['mode'], fd: number, log: KeyLog | null): void {
  if ((mode & 0o077) === 0 || log === null) return
  try {
    fchmodSync(fd, 0o600)
  } catch {
    throw new KeyError(`Other users can read the key file ${file}.`, `Run: chmod 600 ${file}`)
  }
  log.warn({ file }, 'other users could read the key file; its mode is now 600')
}

/** Resolves with the output of the command. The command gets our environment without our settings, no input, and our standard error. */
function outputOf(line: string): Promise<string> {
  const words = wordsOf(line)
  if (words === null)
    return Promise.reject(
      new KeyError('WHATSAPP_ARCHIVE_KEY_COMMAND has an unclosed quote.', 'Close the quote.'),
    )
  const [program = '', ...args] = words
  const next = 'Run WHATSAPP_ARCHIVE_KEY_COMMAND by hand. Its first line must be the key.'
  if (program === '') return Promise.reject(new KeyError('The key command is empty.', next))
  return new Promise((resolve, reject) => {
    const child = spawn(expandHome(program), args, {
      env: childEnvironment(),
      stdio: ['ignore', 'pipe', 'inherit'],
      windowsHide: true,
    })
    const chunks: Buffer[] = []
    let size = 0
    const end = (settle: () => void) => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      // A child process of the command may still hold the pipe.
      child.stdout.destroy()
      child.unref()
      settle()
    }
    const refuse = (why: string) => end(() => reject(new KeyError(why, next)))
    const timer = setTimeout(
      () => refuse(`The key command did not end within ${COMMAND_MS / 1000} seconds.`),
      COMMAND_MS,
    )
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size > MAX_BYTES) refuse('The output of the key command is too large.')
    })
    child.on('error', (error) => refuse(`The key command cannot be run: ${error.message}.`))
    child.on('close', (code, signal) => {
      if (code === 0) end(() => resolve(Buffer.concat(chunks).toString('utf8')))
      else refuse(`The key command failed with ${signal ?? `exit code ${code}`}.`)
    })
  })
}
