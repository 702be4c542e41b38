/** The server of the settings: the one that runs, or one that is started. */
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { listenerAt } from '../same-user.ts'
import { errnoOf } from './errno.ts'
import { isSamePlace, type Running, runningIn, stopLine } from './running.ts'
import { type Detached, startDetached } from './stdio-detached.ts'
import { PipeFailure } from './stdio-failure.ts'
import { createHttp } from './stdio-http.ts'
import { isRecord } from './stdio-message.ts'
import type { PipeServer } from './stdio-named.ts'
import { typed } from './words.ts'

export type OwnServerOptions = {
  url: string
  authDir: string
  /** Was the directory named in the settings? Then a server on another one is not the right one. */
  isDirGiven: boolean
  /** Arguments of the program for a server with these settings. */
  serveArgs: string[]
  /** The folder that it runs in, and whose `.env` it reads. Absolute path. */
  cwd: string
  /** Progress, for people. */
  say(line: string): void
}

/** From nothing to a server that listens; clients wait about as long for the answer to `initialize`. */
const START_MS = 50_000
/** A server that ends has its directory for as long; one that holds it for longer and does not answer is elsewhere. */
const HELD_MS = 25_000
/** Each start takes a process; one that finds the place taken more often than this will find it so again. */
const MAX_STARTS = 3
const LOOK_EVERY_MS = 100
const PROBE_MS = 5_000

/**
 * The server of these settings. Two that start one at once end up with the same: the directory's lock and the port let
 * only one of the servers live, and both wait for that one.
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
    if (await isThere(options)) return isWaiting ? say(`the server answers at ${url}`) : undefined
    if (!isWaiting) say(`no server answers at ${url}: one is started, with the session in ${authDir}`)
    isWaiting = true
    const ended = child?.ended() ?? null
    if (ended !== null) {
      child = null
      // Another one was quicker: that is the one to wait for.
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
      throw notStarted(`The server was started, and does not answer at ${url} yet.`, log)
    }
  }
}

/** True: a server of ours answers; false: nobody does. @throws PipeFailure where somebody else does */
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
    // It is going, or not yet there.
    if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return false
    throw notOurs(url)
  }
  // Anybody may have been quicker to take the port, and say our name: messages go to nobody else.
  const listener = listenerAt(url)
  if (listener === 'foreign') throw notThisUser(url)
  // It has stopped listening since, and is going.
  if (listener === 'nobody') return false
  // It is ours, and refuses: what it says about each request is the better sentence.
  if (status !== 200 && typeof health.code === 'string' && typeof health.hint === 'string') return true
  if (health.name !== 'whatsapp-mcp-api') throw notOurs(url)
  const theirs = isRecord(health.status) ? health.status.auth_dir : undefined
  if (isDirGiven && typeof theirs === 'string' && !isSamePlace(theirs, authDir)) {
    throw new PipeFailure(
      'not_our_server',
      `The server at ${url} has another session than the settings name: ${theirs}, and not ${authDir}.`,
      'Give this session a port of its own (--port), or name the server that is meant (--url).',
    )
  }
  return true
}

function notOurs(url: string): PipeFailure {
  return new PipeFailure(
    'not_our_server',
    `Another program answers at ${url}, where the server should be.`,
    'Stop that program, or choose another port in WHATSAPP_MCP_PORT (--port).',
  )
}

function notThisUser(url: string): PipeFailure {
  return new PipeFailure(
    'not_our_server',
    `What answers at ${url} is not run by this user of the computer, nor by root.`,
    'Choose another port in WHATSAPP_MCP_PORT (--port); or, where that server is meant, name it (--url).',
  )
}

function notStarted(says: string, log: string | null): PipeFailure {
  const where = log === null ? '' : ` Its log is ${log}.`
  return new PipeFailure(
    'server_unreachable',
    `${says}${where}`,
    `Run "${typed('doctor')}" with the same settings: it names what is wrong; then try again.`,
    log === null ? {} : { log },
  )
}

function heldElsewhere({ url, authDir }: OwnServerOptions, { pid, addresses }: Running): PipeFailure {
  return new PipeFailure(
    'server_unreachable',
    `A server (process ${pid}) uses ${authDir}, and does not answer at ${url}.`,
    `Name its address (--url ${addresses?.url ?? 'http://127.0.0.1:PORT'}), or stop it: ${stopLine(authDir)}`,
  )
}
