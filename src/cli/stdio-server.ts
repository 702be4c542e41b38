/** The server of the settings: finds the running one, or starts one. */
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRecord } from '../json.ts'
import { listenerAt } from '../same-user.ts'
import { errnoOf } from './errno.ts'
import { isSameDirectory, type Running, runningIn, stopLine } from './running.ts'
import { type Detached, startDetached } from './stdio-detached.ts'
import { PipeFailure } from './stdio-failure.ts'
import { createHttp } from './stdio-http.ts'
import type { PipeServer } from './stdio-named.ts'
import { commandLineHere } from './words.ts'

export type OwnServerOptions = {
  url: string
  authDir: string
  /** True if the settings name the directory. A server of another directory is then the wrong one. */
  isDirGiven: boolean
  /** Arguments of the program for a server with these settings. */
  serveArgs: string[]
  /** The folder that the server runs in, and whose `.env` it reads. Absolute path. */
  cwd: string
  /** Prints the progress, for people. */
  say(line: string): void
}

/** Time limit for the start of a server. Clients wait about as long for the response to `initialize`. */
const START_MS = 50_000
/** A stopping server holds its directory at most this long. A server that holds it longer without responding uses another address. */
const HELD_MS = 25_000
/** Each start costs a process. If the port or directory is in use at each of these starts, another start does not help. */
const MAX_STARTS = 3
const LOOK_EVERY_MS = 100
const PROBE_MS = 5_000

/**
 * Returns the server of these settings. Two pipes that start one at the same time get the same server: the directory's
 * lock and the port allow only one, and both pipes wait for it.
 */
export function ownServer(options: OwnServerOptions): PipeServer {
  let found: Promise<void> | null = null
  return {
    url: options.url,
    isOurs: () => listenerAt(options.url) === 'ours',
    ready() {
      found ??= find(options).catch((error) => {
        found = null
        throw error
      })
      return found
    },
    lost() {
      found = null
    },
  }
}

async function find(options: OwnServerOptions): Promise<void> {
  const { url, authDir, say } = options
  let child: Detached | null = null
  let heldSince: number | null = null
  let starts = 0
  let isWaiting = false
  for (const until = Date.now() + START_MS; ; await sleep(LOOK_EVERY_MS)) {
    if (await isThere(options)) return isWaiting ? say(`the server is ready at ${url}`) : undefined
    if (!isWaiting) say(`no server responds at ${url}: starting one with the session in ${authDir}`)
    isWaiting = true
    const ended = child?.ended() ?? null
    if (ended !== null) {
      child = null
      // Another server was faster; wait for that one.
      if (!ended.isTaken || starts === MAX_STARTS)
        throw notStarted(`The server did not start: ${ended.says}`, ended.log)
    }
    if (child === null) {
      const holder = runningIn(authDir)
      if (holder === null) {
        heldSince = null
        child = startDetached(options)
        starts += 1
      } else {
        heldSince ??= Date.now()
        if (Date.now() - heldSince > HELD_MS) throw heldElsewhere(options, holder)
      }
    }
    if (Date.now() > until) {
      const log = child?.log ?? null
      throw notStarted(`The server was started, but does not respond at ${url} yet.`, log)
    }
  }
}

/** Returns true if our server responds, false if no program does. @throws PipeFailure if another program responds */
async function isThere({ url, authDir, isDirGiven }: OwnServerOptions): Promise<boolean> {
  let status: number | undefined
  let health: Record<string, unknown>
  try {
    const signal = AbortSignal.timeout(PROBE_MS)
    const answer = await createHttp(`${url}/health`).request({ method: 'GET', signal, isFresh: true })
    status = answer.statusCode
    health = Object(JSON.parse(await text(answer)))
  } catch (error) {
    const code = errnoOf(error)
    // The server is stopping, or has not started yet.
    if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return false
    throw notOurs(url)
  }
  // A program of another user could take the port and use our name. It must not receive messages.
  const listener = listenerAt(url)
  if (listener === 'foreign') throw notThisUser(url)
  // The server has closed the port since then: it is stopping.
  if (listener === 'nobody') return false
  // Our server returned an error. The error of each request says more.
  if (status !== 200 && typeof health.code === 'string' && typeof health.hint === 'string') return true
  if (health.name !== 'whatsapp-mcp-api') throw notOurs(url)
  const theirs = isRecord(health.status) ? health.status.auth_dir : undefined
  if (isDirGiven && typeof theirs === 'string' && !isSameDirectory(theirs, authDir)) {
    throw new PipeFailure(
      'not_our_server',
      `The server at ${url} uses the session in ${theirs}, but the settings name ${authDir}.`,
      'Choose another port for this session (--port), or set the URL of the server (--url).',
    )
  }
  return true
}

function notOurs(url: string): PipeFailure {
  return new PipeFailure(
    'not_our_server',
    `Another program uses ${url}, the address of the server.`,
    'Stop that program, or choose another port in WHATSAPP_MCP_PORT (--port).',
  )
}

function notThisUser(url: string): PipeFailure {
  return new PipeFailure(
    'not_our_server',
    `The program at ${url} belongs to another user of this computer.`,
    'Choose another port in WHATSAPP_MCP_PORT (--port). To use that server on purpose, set its URL (--url).',
  )
}

function notStarted(says: string, log: string | null): PipeFailure {
  const where = log === null ? '' : ` Its log is ${log}.`
  return new PipeFailure(
    'server_unreachable',
    `${says}${where}`,
    `Run "${commandLineHere('doctor')}" with the same settings to find the problem, then retry.`,
    log === null ? {} : { log },
  )
}

function heldElsewhere({ url, authDir }: OwnServerOptions, { pid, addresses }: Running): PipeFailure {
  return new PipeFailure(
    'server_unreachable',
    `A server (process ${pid}) uses ${authDir}, but does not respond at ${url}.`,
    `Use its URL (--url ${addresses?.url ?? 'http://127.0.0.1:PORT'}), or stop it: ${stopLine(authDir)}`,
  )
}
