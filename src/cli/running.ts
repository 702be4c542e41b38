/** Finds the server of a session directory: its process from the directory's lock, its addresses from the file that it wrote. */
import { readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SETTINGS } from '../config.ts'
import { type AuthDirError, AuthDirInUse, placesIn } from '../session/auth-dir.ts'
import { readLock } from '../session/dir-lock.ts'
import { dataRoot } from './data-dir.ts'
import { printable } from './terminal.ts'
import { commandLineHere, quote } from './words.ts'

/** The URLs of a server, without a slash at the end. `phone` is the phone page of a sandbox. */
export type Addresses = { url: string; phone?: string | undefined }

export type Running = {
  pid: number
  /** The computer that the process runs on; null for this one. */
  host: string | null
  /** Null if the process does not listen (yet, or any more), or is a command that works on the files. */
  addresses: Addresses | null
}

const fileIn = (authDir: string) => join(placesIn(authDir).own, 'address.json')

/** Stores the addresses of this process in the directory that it holds. Returns a function that deletes them. Never throws. */
export function noteAddresses(authDir: string, { url, phone }: Addresses): () => void {
  const file = fileIn(authDir)
  const fresh = `${file}.${process.pid}.new`
  try {
    writeFileSync(fresh, JSON.stringify({ pid: process.pid, url, phone }), { mode: 0o600 })
    renameSync(fresh, file)
  } catch {
    // Such as on a full disk: other commands then find the process, but not its addresses.
    rmSync(fresh, { force: true })
  }
  return () => {
    // Another server may already use the directory.
    if (addressesOf(authDir, process.pid) !== null) rmSync(file, { force: true })
  }
}

/** Returns the process that uses the directory; null if there is none. */
export function runningIn(authDir: string): Running | null {
  const held = readLock(placesIn(authDir).lock)
  if (held === null || !held.isLive) return null
  const { pid, host } = held
  return { pid, host, addresses: host === null ? addressesOf(authDir, pid) : null }
}

/** Returns the addresses that this process stored. Ignores those of a killed process. */
function addressesOf(authDir: string, holder: number): Addresses | null {
  try {
    const { pid, url, phone } = JSON.parse(readFileSync(fileIn(authDir), 'utf8'))
    if (pid !== holder || typeof url !== 'string') return null
    return { url, phone: typeof phone === 'string' ? phone : undefined }
  } catch {
    return null
  }
}

/** Returns the command line that stops the server of this directory. */
export function stopLine(authDir: string): string {
  const isUsual = authDir === join(dataRoot(), SETTINGS.WHATSAPP_AUTH_DIR.fallback)
  return commandLineHere(isUsual ? 'stop' : `stop --auth-dir ${quote(printable(authDir))}`)
}

/** Returns the next step for a command that cannot lock the directory. */
export function nextStepOf(error: AuthDirError): string {
  return error instanceof AuthDirInUse
    ? 'Stop the server first ("whatsapp-mcp-api stop" with the same settings), then run this again.'
    : error.hint
}

/** True if both paths name the same directory. */
export function isSameDirectory(a: string, b: string): boolean {
  return resolved(a) === resolved(b)
}

function resolved(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
