/**
 * Kills the server, or its browser, at each step of a send, from the request to the response (kill-at.mjs). The list of steps
 * comes from a run without a kill. Then the server is killed anyway, and started again. At the end the double's log says what
 * was delivered. On the loopback only; nothing stays behind.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitFor } from './server-process.ts'
import { openStage, type Stage } from './stage.ts'

export type PointRunOptions = {
  /** 1: every step; 4: every fourth. */
  every: number
  seed: number
  victim: 'server' | 'browser'
  /** Hears of every kill. */
  say?: (line: string) => void
}

export type PointRun = {
  /** The steps, each as `scenario number name`, with what became of the message: `sent`, `unknown`, or `failed` without a browser. */
  points: Map<string, string>
  /** Messages that were delivered twice, were lost, or whose outcome is wrong. */
  problems: string[]
}

const KILL_AT = new URL('./kill-at.mjs', import.meta.url).href
/** WhatsApp shows a message within this time after the restart. */
const SETTLED_MS = 60_000
const READY_MS = 90_000

type Json = Record<string, unknown>

/** A way in which a message leaves. */
type Scenario = {
  name: string
  /** What comes before the steps; returns what `act` and `state` need. */
  prepare(stage: Stage, text: string): Promise<Json>
  /** The request whose steps are counted. */
  act(stage: Stage, prepared: Json, text: string): Promise<unknown>
  /** What the server says of the message: `sent`, `unknown`, null if it is still on its way, or a problem. */
  state(stage: Stage, prepared: Json, text: string): Promise<string | null>
}

async function request(stage: Stage, method: string, path: string, body?: Json, headers = {}): Promise<Json> {
  const response = await fetch(`${stage.server().url()}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return Object(await response.json())
}

const person = ({ world }: Stage) => world.state().contacts[0]?.phone ?? ''

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'asked with a key',
    prepare: async () => ({}),
    act: (stage, _, text) =>
      request(stage, 'POST', '/api/send', { phone_number: person(stage), message: text }, keyed(text)),
    async state(stage, prepared, text) {
      const { ok, code } = Object(await SCENARIOS[0]?.act(stage, prepared, text))
      if (ok === true) return 'sent'
      if (code === 'whatsapp_error') return 'failed'
      return code === 'send_outcome_unknown' ? 'unknown' : `answered ${code}`
    },
  },
  {
    name: 'approved',
    async prepare(stage, message) {
      const params = { name: 'whatsapp_send_message', arguments: { phone_number: person(stage), message } }
      await request(stage, 'POST', '/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/call', params })
      const { items } = await request(stage, 'GET', '/api/outbox?state=held&limit=1')
      const [{ id, digest }] = items as [Json]
      return { id, digest }
    },
    act: (stage, { id, digest }) => request(stage, 'POST', `/api/outbox/${id}/approve`, { digest }),
    async state(stage, prepared, text) {
      const { item } = await request(stage, 'GET', `/api/outbox/${prepared.id}`)
      const { state } = Object(item)
      // Killed before the decision was on disk: the owner decides again.
      if (state === 'held') await SCENARIOS[1]?.act(stage, prepared, text)
      if (['held', 'scheduled', 'sending'].includes(state)) return null
      return ['sent', 'unknown', 'failed'].includes(state) ? state : `is ${state}`
    },
  },
]

const keyed = (text: string) => ({ 'idempotency-key': text.replaceAll(' ', '-') })

/** Rejects if the session does not come back. */
export async function pointRun({ every, seed, victim, say = () => {} }: PointRunOptions): Promise<PointRun> {
  const stage = await openStage(seed)
  try {
    await stage.linkForGood()
    await stage.stop()
    const armed = join(stage.authDir, '..', 'armed')
    const start = (at: number) =>
      stage.start({
        imports: [KILL_AT],
        env: {
          KILL_ARMED: armed,
          KILL_AT: String(at),
          KILL_VICTIM: victim,
          WHATSAPP_MCP_SENDS: 'confirm',
        },
      })
    const points: PointRun['points'] = new Map()
    const problems: string[] = []
    start(0)
    for (const scenario of SCENARIOS) {
      /** Sends one message; returns the steps that were counted. The server that comes next kills at step `next`. */
      const run = async (text: string, next: number): Promise<string[]> => {
        await waitFor('ready', READY_MS, async () => ((await stage.server().status())?.ready ? true : null))
        const prepared = await scenario.prepare(stage, text)
        writeFileSync(armed, '')
        await scenario.act(stage, prepared, text).catch(() => {})
        await stage.server().kill()
        const steps = readFileSync(armed, 'utf8').trim().split('\n')
        rmSync(armed)
        start(next)
        await stage.synced()
        const outcome = await settled(stage, scenario, prepared, text)
        say(`${text}: ${outcome}`)
        points.set(`${text}: ${steps.at(-1)}`, outcome)
        // A server that goes on without its browser may know that nothing was sent.
        const known = victim === 'browser' ? ['sent', 'unknown', 'failed'] : ['sent', 'unknown']
        if (!known.includes(outcome)) problems.push(`${text}, before ${steps.at(-1)}: ${outcome}`)
        return steps
      }
      const first = every === 1 ? 1 : 1 + (seed % every)
      const { length } = await run(`${scenario.name}, not killed`, first)
      for (let at = first; at <= length; at += every)
        await run(`${scenario.name}, step ${at} of ${length}`, at + every)
      // The next scenario begins without a kill.
      await stage.server().kill()
      start(0)
    }
    return { points, problems }
  } finally {
    await stage.close()
  }
}

/** What became of the message: `sent`, `unknown`, or what is wrong. */
async function settled(stage: Stage, scenario: Scenario, prepared: Json, text: string): Promise<string> {
  let last = ''
  const look = async () => {
    const state = await scenario.state(stage, prepared, text)
    const copies = stage.world.messages().filter(({ body }) => body === text).length
    last = `${state}, delivered ${copies} times`
    if (copies > 1) return last
    if (state === 'sent') return copies === 1 ? state : last
    if (state === 'failed') return copies === 0 ? state : last
    // What was delivered must be found out.
    return state === 'unknown' && copies === 1 ? null : state
  }
  return waitFor('settled', SETTLED_MS, look).catch(() => `never settled: ${last}`)
}
