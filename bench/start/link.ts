/** Linking what was started, and what every benchmark asks of it then. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Status } from '../../src/model/status.ts'
import type { Child } from './child.ts'
import type { Contestant } from './contestants.ts'
import type { Stage } from './place.ts'

const CATCH_UP_MS = 60_000

/** Start it, and link it. */
export async function startLinked(stage: Stage): Promise<Contestant> {
  const contestant = await stage.start()
  await link(stage, contestant)
  return contestant
}

/** Link it; resolves with the time at which it was ready. */
export async function link(stage: Stage, contestant: Contestant): Promise<number> {
  await contestant.connect()
  await contestant.qr()
  await stage.world().scan()
  return contestant.ready()
}

/** The address of a server, once it listens. */
export async function urlOf({ child }: { child: Child }): Promise<string> {
  const { line } = await child.until(({ msg }) => msg === 'listening')
  return String(line.url)
}

/** Until the archive of our server has what WhatsApp has. */
export async function caughtUp(url: string): Promise<void> {
  for (const until = Date.now() + CATCH_UP_MS; Date.now() < until; await sleep(50)) {
    const status = (await (await fetch(`${url}/api/status`)).json()) as Status
    if (status.sync?.phase === 'done') return
  }
  throw new Error('the archive was not complete in time')
}
