/** `whatsapp-mcp-api stdio`: serves MCP on standard input and output, and forwards it to the server's endpoint. */
import { EXIT } from './exit-codes.ts'
import { createHttp } from './stdio-http.ts'
import { linesOf, takeStdout } from './stdio-lines.ts'
import type { PipeServer } from './stdio-named.ts'
import { untilOrphaned, untilSignal } from './stdio-parent.ts'
import { createPipe } from './stdio-pipe.ts'

/**
 * After standard input ends (`printf … | whatsapp-mcp-api stdio`), responses may still be pending: a start of a server takes up
 * to 50 s, the longest operation up to 60 s. Clients that do not wait send SIGTERM after 2 s.
 */
const AFTER_INPUT_MS = 120_000
/** Time for pending responses after a signal, or after the client is gone. */
const AFTER_SIGNAL_MS = 500
/** A silent client still counts as a client: the pipe sends a request to the server at least this often. */
const HEARTBEAT_MS = 60_000

export type StdioOptions = {
  /** Returns the server. Called at once; the pipe sends no request before the first message. */
  openServer(say: (line: string) => void): PipeServer
  /** Path of the endpoint, with its query: `/mcp`, `/accounts/work/mcp?toolsets=all`. */
  endpoint: string
  /** The key of the client; null if it has none. */
  key: string | null
  /** The server stops after this time without a request, in ms; null: it does not stop. */
  idleMs: number | null
}

/** Forwards messages until the client is gone. Resolves with the exit code. */
export async function stdio({ openServer, endpoint, key, idleMs }: StdioOptions): Promise<number> {
  const output = takeStdout()
  const say = (line: string) => void process.stderr.write(`whatsapp-mcp-api: ${line}\n`)
  const server = openServer(say)
  const http = createHttp(`${server.url}${endpoint}`, server.isOurs, key)
  const pipe = createPipe({ server, http, write: output.write, say })
  const beat = keepAwake(server, idleMs)

  const ended = Promise.race([untilSignal(), untilOrphaned(), output.broken])
  const read = (async () => {
    for await (const line of linesOf(process.stdin)) pipe.accept(line)
    await withinLimit(AFTER_INPUT_MS, pipe.settled())
  })().catch((error) => say(`standard input failed: ${error}`))
  await Promise.race([read, ended.then(() => withinLimit(AFTER_SIGNAL_MS, pipe.settled()))])

  clearInterval(beat)
  await pipe.close()
  await withinLimit(AFTER_SIGNAL_MS, output.flushed())
  return EXIT.ok
}

/** Sends regular requests while the client lives, so that a server that was started for it does not stop. */
function keepAwake({ url, isOurs }: PipeServer, idleMs: number | null): NodeJS.Timeout {
  const health = createHttp(`${url}/health`, isOurs)
  const everyMs = Math.min(HEARTBEAT_MS, (idleMs ?? HEARTBEAT_MS * 3) / 3)
  return setInterval(() => {
    const signal = AbortSignal.timeout(everyMs)
    health.request({ method: 'GET', signal, isFresh: true }).then(
      (answer) => answer.resume(),
      () => {},
    )
  }, everyMs)
}

function withinLimit(ms: number, work: Promise<void>): Promise<void> {
  return Promise.race([work, new Promise<void>((resolve) => setTimeout(resolve, ms))])
}
