/** The machine that `doctor` checks: this one, or in tests a broken one. Every change is undone at once. */
import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdtemp, readlink, rmdir, stat, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { findBrowser } from '../browser/find.ts'
import type { FoundBrowser } from '../browser/places.ts'
import { childEnvironment } from '../child-environment.ts'
import { type LockView, readLock } from '../session/dir-lock.ts'
import { errnoOf } from './errno.ts'
import { type Running, runningIn } from './running.ts'

export type MachineView = {
  nodeVersion: string
  platform: NodeJS.Platform
  hostname: string
  /** Id of this process's user; null on Windows, which has no numeric ids. */
  uid: number | null
  env: Record<string, string | undefined>
  /** Facts about the path; null if nothing exists there. Rejects if the path cannot be read. */
  stat(path: string): Promise<{ isDirectory: boolean; mode: number; uid: number } | null>
  /** Null if this user can write into this directory, else the operating system's error code. */
  whyNotWritable(path: string): Promise<string | null>
  /** Null if a folder can be created in this directory, else the error code. Deletes the folder at once. */
  whyNotMade(path: string): Promise<string | null>
  /** Free space for this user on the disk of the path: bytes, and number of files (null if the disk does not limit them). */
  free(path: string): Promise<{ bytes: number; files: number | null }>
  /** Target of a symbolic link; null if there is none. */
  readlink(path: string): Promise<string | null>
  /** Holder of the directory's lock; null if there is none. */
  lock(file: string): LockView | null
  /** The server that uses the directory, and its addresses; null if there is none. */
  running(authDir: string): Running | null
  /** As `browser/find.ts`. */
  findBrowser(executable: string, headless: boolean): FoundBrowser | null
  /** Runs a program for up to 15 s. `code` is null if the program was killed, 127 if it did not start. */
  run(program: string, args: string[]): Promise<{ code: number | null; output: string }>
  /** Null if this address can be bound, else the error code. Releases the address at once. */
  whyNotListen(host: string, port: number): Promise<string | null>
  fetch(url: string, request: RequestInit): Promise<Response>
}

const RUN_MS = 15_000

/** The machine that this process runs on. */
export function thisMachine(): MachineView {
  return {
    nodeVersion: process.versions.node,
    platform: process.platform,
    hostname: hostname(),
    uid: process.getuid?.() ?? null,
    env: process.env,
    async stat(path) {
      try {
        const found = await stat(path)
        return { isDirectory: found.isDirectory(), mode: found.mode, uid: found.uid }
      } catch (error) {
        // ENOTDIR: a parent of the path is a file.
        if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return null
        throw error
      }
    },
    whyNotWritable: (path) =>
      access(path, constants.W_OK | constants.X_OK).then(
        () => null,
        (error) => errnoOf(error) ?? 'unknown',
      ),
    async whyNotMade(path) {
      try {
        await rmdir(await mkdtemp(join(path, '.whatsapp-mcp-api-doctor-')))
        return null
      } catch (error) {
        return errnoOf(error) ?? 'unknown'
      }
    },
    async free(path) {
      const { bavail, bsize, files, ffree } = await statfs(path)
      return { bytes: bavail * bsize, files: files === 0 ? null : ffree }
    },
    readlink: (path) => readlink(path).catch(() => null),
    lock: readLock,
    running: runningIn,
    findBrowser: (executable, headless) =>
      findBrowser({ headless, env: { ...process.env, WHATSAPP_CHROME_EXECUTABLE: executable || undefined } }),
    run,
    whyNotListen: (host, port) =>
      new Promise((resolve) => {
        const server = createServer()
        server.once('error', (error) => resolve(errnoOf(error) ?? 'unknown'))
        server.listen({ host: host === 'localhost' ? '127.0.0.1' : host.replace(/[[\]]/g, ''), port }, () =>
          server.close(() => resolve(null)),
        )
      }),
    fetch: (url, request) => fetch(url, request),
  }
}

function run(program: string, args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: childEnvironment(),
      timeout: RUN_MS,
    })
    let output = ''
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-64_000)
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => resolve({ code: 127, output: error.message }))
    child.on('close', (code) => resolve({ code, output }))
  })
}
