/** Which server uses a session directory: its process, by the directory's lock, and its addresses, as it noted them. */
import { readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SETTINGS } from '../config.ts'
import { type AuthDirError, AuthDirInUse, placesIn } from '../session/auth-dir.ts'
import { readLock } from '../session/dir-lock.ts'
import { dataRoot } from './data-dir.ts'
import { plain } from './terminal.ts'
import { quote, typed } from './words.ts'

/** Where a server is reached. `phone`: the phone page of a sandbox. Without a slash at the end. */
export type Addresses = { url: string; phone?: string | undefined }

export type Running = {
  pid: number
  /** The computer that it runs on; null: this one. */
  host: string | null
  /** Null: it does not listen (yet, or any more), or is a command that works on the files. */
  addresses: Addresses | null
}

const fileIn = (authDir: string) => join(placesIn(authDir).own, 'address.json')

/** Notes where this process serves the directory that it holds; returns what takes the note away. Never fails. */
export function noteAddresses(authDir: string, { url, phone }: Addresses): () => void {
  const file = fileIn(authDir)
  const fresh = `${file}.${process.pid}.new`
  try {
    writeFileSync(fresh, JSON.stringify({ pid: process.pid, url, phone }), { mode: 0o600 })
    renameSync(fresh, file)
  } catch {
    // On a full disk: others then know the process only.
    rmSync(fresh, { force: true })
  }
  return () => {
    // The next server may hold the directory already.
    if (addressesOf(authDir, process.pid) !== null) rmSync(file, { force: true })
  }
}

/** The process that uses the directory; null where none does. */
export function runningIn(authDir: string): Running | null {
  const held = readLock(placesIn(authDir).lock)
  if (held === null || !held.isLive) return null
  const { pid, host } = held
  return { pid, host, addresses: host === null ? addressesOf(authDir, pid) : null }
}

/** As that process noted them: the note of one that was killed stays behind. */
function addressesOf(authDir: string, holder: number): Addresses | null {
  try {
    const { pid, url, phone } = JSON.parse(readFileSync(fileIn(authDir), 'utf8'))
    if (pid !== holder || typeof url !== 'string') return null
    return { url, phone: typeof phone === 'string' ? phone : undefined }
  } catch {
    return null
  }
}

/** What to type to stop the server of this directory. */
export function stopLine(authDir: string): string {
  const isUsual = authDir === join(dataRoot(), SETTINGS.WHATSAPP_AUTH_DIR.fallback)
  return typed(isUsual ? 'stop' : `stop --auth-dir ${quote(plain(authDir))}`)
}

/** The next step of a command that works on the files of a directory it cannot have. */
export function nextStepOf(error: AuthDirError): string {
  return error instanceof AuthDirInUse
    ? 'Stop the server first ("whatsapp-mcp-api stop" with the same settings), then run this again.'
    : error.hint
}

/** Do both paths lead to the same place? */
export function isSamePlace(a: string, b: string): boolean {
  return resolved(a) === resolved(b)
}

function resolved(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
