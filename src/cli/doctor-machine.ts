/** What `doctor` looks at: this machine, or in tests one with something broken in it. Nothing here changes anything for longer than it looks. */
import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdtemp, readlink, rmdir, stat, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { findBrowser } from '../browser/find.ts'
import type { FoundBrowser } from '../browser/places.ts'
import { type LockView, readLock } from '../session/dir-lock.ts'
import { errnoOf } from './errno.ts'
import { type Running, runningIn } from './running.ts'

export type MachineView = {
  nodeVersion: string
  platform: NodeJS.Platform
  hostname: string
  /** This process's user; null where users have no numbers (Windows). */
  uid: number | null
  env: Record<string, string | undefined>
  /** What is at the path; null where nothing is. Rejects where that cannot be told. */
  stat(path: string): Promise<{ isDirectory: boolean; mode: number; uid: number } | null>
  /** May this user write into this directory? Null, or the operating system's code that says why not. */
  whyNotWritable(path: string): Promise<string | null>
  /** Can a folder be made in this directory? Null, or the code that says why not. Takes it away at once. */
  whyNotMade(path: string): Promise<string | null>
  /** Free for this user on the disk that holds the path: bytes, and further files (null where those are not counted). */
  free(path: string): Promise<{ bytes: number; files: number | null }>
  /** Where a symbolic link points; null where there is none. */
  readlink(path: string): Promise<string | null>
  /** Who holds the directory's lock; null where there is none. */
  lock(file: string): LockView | null
  /** Which server uses the directory, and where it is reached. */
  running(authDir: string): Running | null
  /** As `browser/find.ts`. */
  findBrowser(executable: string, headless: boolean): FoundBrowser | null
  /** Runs a program for up to 15 s. `code` is null when it did not end by itself, 127 when it could not be started. */
  run(program: string, args: string[]): Promise<{ code: number | null; output: string }>
  /** Can this address be listened on? Null, or the code that says why not. Lets go of it at once. */
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
        // ENOTDIR: a file stands where a directory above it should.
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
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_MS })
    let output = ''
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-8_000)
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => resolve({ code: 127, output: error.message }))
    child.on('close', (code) => resolve({ code, output }))
  })
}
