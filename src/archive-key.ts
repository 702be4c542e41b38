/** The key of the archive as its owner gave it: read once at the start, from wherever the settings say. Never logged. */
import { spawn } from 'node:child_process'
import { fchmodSync, type Stats } from 'node:fs'
import type { KeySource } from './config.ts'
import { expandHome } from './home.ts'
import type { Log } from './log.ts'
import { readText, UnfitFileError } from './read-file.ts'

/** A key store that has to be unlocked first asks its owner; nobody may be there to answer. */
const COMMAND_MS = 10_000
/** Whoever has the file can try keys as fast as scrypt lets them: about three a second on each core. */
const MIN_CHARACTERS = 12
const MAX_BYTES = 64 * 1024
const MAKE_ONE = 'Make one with: openssl rand -base64 32'

/** The key cannot be had. `message` is one sentence without anything of the key, `hint` the next step. */
export class KeyError extends Error {
  readonly hint: string
  constructor(message: string, hint: string) {
    super(message)
    this.name = 'KeyError'
    this.hint = hint
  }
}

/**
 * The key; null where none is set. Rejects with a {@link KeyError} where one is set and cannot be had: a server that
 * went on without it would keep nothing, and nobody would look.
 */
export async function readArchiveKey(source: KeySource | null, log: Log): Promise<string | null> {
  if (source === null) return null
  if ('key' in source) return requireKey(source.key, 'WHATSAPP_ARCHIVE_KEY')
  if ('file' in source) return requireKey(readKeyFile(source.file, log), source.file)
  return requireKey(firstLine(await outputOf(source.command)), 'The output of WHATSAPP_ARCHIVE_KEY_COMMAND')
}

/** A key in this file, in the one line that it has. Errors as {@link readArchiveKey}. */
export function readKeyFile(file: string, log: Log): string {
  let text: string
  try {
    text = readText(file, { maxBytes: MAX_BYTES, look: (stats, fd) => makePrivate(file, stats, fd, log) })
  } catch (error) {
    if (error instanceof KeyError) throw error
    if (error instanceof UnfitFileError)
      throw new KeyError(
        `The key file ${file} ${error.message}.`,
        `Name a file with the key in its one line. ${MAKE_ONE}`,
      )
    throw new KeyError(
      `The key file ${file} cannot be read: ${error instanceof Error ? error.message : error}.`,
      'Make it readable for the user that runs the server, or name another one.',
    )
  }
  const line = firstLine(text)
  if (text.slice(line.length).trim() !== '')
    throw new KeyError(`${file} has more than one line.`, `It holds the key alone. ${MAKE_ONE} > ${file}`)
  return line
}

/**
 * The key itself, without the spaces around it: editors and shells leave those, and nobody sees them.
 * @throws KeyError where it is too short
 */
export function requireKey(text: string, what: string): string {
  const key = text.trim()
  if ([...key].length >= MIN_CHARACTERS) return key
  throw new KeyError(
    key === '' ? `${what} is empty.` : `${what} is a key of fewer than ${MIN_CHARACTERS} characters.`,
    MAKE_ONE,
  )
}

export function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? ''
}

/** Its owner's only, as everything of ours; made so where it is not. A secret that root handed to our group is fine. */
function makePrivate(file: string, { uid, mode }: Stats, fd: number, log: Log): void {
  if (process.getuid === undefined) return
  if (uid === process.getuid()) return closeToOthers(file, mode, fd, log)
  const isHandedOut = uid === 0 && (mode & 0o007) === 0
  if (isHandedOut) return
  throw new KeyError(
    uid === 0 ? `Every user can read the key file ${file}.` : `The key file ${file} belongs to another user.`,
    'Give it to the user that runs the server, with mode 600.',
  )
}

function closeToOthers(file: string, mode: Stats['mode'], fd: number, log: Log): void {
  if ((mode & 0o077) === 0) return
  try {
    fchmodSync(fd, 0o600)
  } catch {
    throw new KeyError(`Other users can read the key file ${file}.`, `Close it to them: chmod 600 ${file}`)
  }
  log.warn({ file }, 'the key file was open to other users of this computer; it is its owner’s only now')
}

/** What the command prints. It gets our environment without the key, no input, and says what is wrong on our standard error. */
function outputOf(line: string): Promise<string> {
  const [program = '', ...args] = splitWords(line)
  const next = 'Run WHATSAPP_ARCHIVE_KEY_COMMAND by hand: its first line must be the key.'
  if (program === '') return Promise.reject(new KeyError('The command for the key has no name.', next))
  return new Promise((resolve, reject) => {
    const env = { ...process.env }
    delete env.WHATSAPP_ARCHIVE_KEY
    const child = spawn(expandHome(program), args, {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
      windowsHide: true,
    })
    const chunks: Buffer[] = []
    let size = 0
    const end = (settle: () => void) => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      // A process of its own that it left behind may hold the pipe.
      child.stdout.destroy()
      child.unref()
      settle()
    }
    const refuse = (why: string) => end(() => reject(new KeyError(why, next)))
    const timer = setTimeout(
      () => refuse(`The command for the key did not end within ${COMMAND_MS / 1000} seconds.`),
      COMMAND_MS,
    )
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size > MAX_BYTES) refuse('The command for the key prints too much.')
    })
    child.on('error', (error) => refuse(`The command for the key cannot be run: ${error.message}.`))
    child.on('close', (code, signal) => {
      if (code === 0) end(() => resolve(Buffer.concat(chunks).toString('utf8')))
      else refuse(`The command for the key ended with ${signal ?? `code ${code}`}.`)
    })
  })
}

/**
 * The words of a command line: split at spaces; '…' and "…" keep theirs, and nothing else has a meaning.
 * @throws KeyError where a quotation does not end
 */
export function splitWords(line: string): string[] {
  const words: string[] = []
  for (const [whole] of line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+|['"]/g)) {
    if (whole === "'" || whole === '"')
      throw new KeyError('A quotation in WHATSAPP_ARCHIVE_KEY_COMMAND does not end.', 'Close the quotation.')
    words.push(whole.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double))
  }
  return words
}
