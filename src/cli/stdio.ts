/** `whatsapp-mcp-api stdio`: MCP over standard input and output, piped to the server's endpoint. */
import { EXIT } from './exit-codes.ts'
import { createHttp } from './stdio-http.ts'
import { linesOf, takeStdout } from './stdio-lines.ts'
import type { PipeServer } from './stdio-named.ts'
import { untilOrphaned, untilTold } from './stdio-parent.ts'
import { createPipe } from './stdio-pipe.ts'

/**
 * Who has said all that there is to say (`printf … | whatsapp-mcp-api stdio`) may still wait for answers: as long as it takes to
 * start a server (50 s) and to do what takes longest (60 s). Clients that do not want to wait send SIGTERM after 2 s.
 */
const AFTER_INPUT_MS = 120_000
/** Told to end, or nobody there any more: a moment for what is nearly done. */
const AFTER_SIGNAL_MS = 500
/** A client that says nothing is one all the same: the server hears of it this often, at most. */
const HEARTBEAT_MS = 60_000

export type StdioOptions = {
  /** Opens the way to the server. Called at once; nothing is asked of it before the first message. */
  openServer(say: (line: string) => void): PipeServer
  /** A server that nobody has asked for so long ends, ms; null: it stays. */
  idleMs: number | null
}

/** Pipes until the client is gone; resolves with the exit code. */
export async function stdio({ openServer, idleMs }: StdioOptions): Promise<number> {
  const output = takeStdout()
  const say = (line: string) => void process.stderr.write(`whatsapp-mcp-api: ${line}\n`)
  const server = openServer(say)
  const http = createHttp(`${server.url}/mcp`, server.isOurs)
  const pipe = createPipe({ server, http, write: output.write, say })
  const beat = keepAwake(server, idleMs)

  const ended = Promise.race([untilTold(), untilOrphaned(), output.broken])
  const read = (async () => {
    for await (const line of linesOf(process.stdin)) pipe.accept(line)
    await atMost(AFTER_INPUT_MS, pipe.settled())
  })().catch((error) => say(`standard input failed: ${error}`))
  await Promise.race([read, ended.then(() => atMost(AFTER_SIGNAL_MS, pipe.settled()))])

  clearInterval(beat)
  await pipe.close()
  await atMost(AFTER_SIGNAL_MS, output.flushed())
  return EXIT.ok
}

/** As long as the client lives the server that was started for it is in use, also where nothing is said for long. */
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

function atMost(ms: number, work: Promise<void>): Promise<void> {
  return Promise.race([work, new Promise<void>((resolve) => setTimeout(resolve, ms))])
}
