/** Sends malformed requests to a server of its own process, which must be alive at the end. On the loopback only. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MalformedRun, sendMalformed } from '../malformed.ts'
import { startServer, waitFor } from './server-process.ts'

const START_MS = 30_000
const KEY = 'a-key-for-malformed-requests'

/** @param requests at most so many, within an hour */
export async function malformedRun(requests: number, seed: number): Promise<MalformedRun> {
  const folder = mkdtempSync(join(tmpdir(), 'wma-soak-'))
  const server = startServer(
    { authDir: join(folder, 'auth'), browser: process.execPath },
    { env: { WHATSAPP_MCP_TOOLSETS: 'all', WHATSAPP_MCP_KEY: KEY } },
  )
  try {
    const url = await waitFor('the server did not listen', START_MS, server.url)
    const run = await sendMalformed({ url, key: KEY, seed, count: requests, limitMs: 3_600_000 })
    const alive = await fetch(`${url}/health`).catch(() => null)
    if (alive?.status !== 200) run.problems.push('the server no longer answers')
    return run
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
