/**
 * Messages are sent while the browser and the server are killed at random moments, each three times with one idempotency
 * key (G4). At the end the double's log says what was delivered. On the loopback only; nothing stays behind.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createRandom } from '../../simulator/service/random.ts'
import { waitFor } from './server-process.ts'
import { openStage, type Stage } from './stage.ts'

export type SendRunOptions = {
  sends: number
  /** Half of them of the browser, half of the server. */
  kills: number
  seed: number
  /** The whole run; it fails when it takes longer. */
  limitMs: number
  /** Hears of every kill. */
  say?: (line: string) => void
}

export type SendRun = {
  /** Keys by their last answer. */
  sent: number
  unknown: number
  /** Keys for which nothing was sent, each answer with how often. */
  others: Map<string, number>
  /** Keys that were delivered more than once, that were answered `sent` and are not in the double's log, or the reverse. */
  problems: string[]
  durationMs: number
}

/** Sends that are on their way at the same time. */
const AT_ONCE = 3
const TRIES = 3

type Answer = { status: number; code: string; messageId: string }

/** Rejects where the session does not come back, or the time is over. */
export async function sendRun(options: SendRunOptions): Promise<SendRun> {
  const { sends, kills, seed, limitMs, say = () => {} } = options
  const startedAt = Date.now()
  const stage = await openStage(seed)
  try {
    await stage.linkForGood()
    const random = createRandom(seed)
    const contacts = stage.world.state().contacts.slice(0, 4)
    const numbers = Array.from({ length: sends }, (_, index) => index)
    const answers = new Map<number, Answer>()
    const demandTime = () => {
      if (Date.now() - startedAt > limitMs) throw new Error(`not done within ${limitMs} ms`)
    }
    const todo = [...numbers]
    const worker = async () => {
      for (let index = todo.shift(); index !== undefined; index = todo.shift()) {
        for (let tried = 0; tried < TRIES; tried += 1) {
          demandTime()
          answers.set(index, await send(stage, index, contacts[index % contacts.length]?.phone ?? ''))
        }
      }
    }
    const workers = Promise.all(Array.from({ length: AT_ONCE }, worker))
    let isOver = false
    const over = () => {
      isOver = true
    }
    workers.then(over, over)
    for (let kill = 0; kill < kills && !isOver; kill += 1) {
      const next = ((kill + 0.5) / kills) * sends
      await waitFor('more sends', limitMs, () => (isOver || sends - todo.length >= next ? true : null))
      await sleep(random.between(0, 300))
      await strike(stage, kill % 2 === 0 ? 'server' : 'browser', say)
    }
    await workers
    await stage.synced()
    // What a kill left open is settled by now; the same call says how.
    for (const index of numbers) {
      demandTime()
      answers.set(index, await send(stage, index, contacts[index % contacts.length]?.phone ?? ''))
    }
    return { ...judge(stage, answers), durationMs: Date.now() - startedAt }
  } finally {
    await stage.close()
  }
}

const textOf = (index: number) => `send number ${index}`

/** One try, once the server responds and is ready. A connection that breaks is an answer too. */
async function send(stage: Stage, index: number, phone_number: string): Promise<Answer> {
  await waitFor('ready', 90_000, async () => ((await stage.server().status())?.ready ? true : null))
  try {
    const response = await fetch(`${stage.server().url()}/api/send`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': `key-${index}` },
      body: JSON.stringify({ phone_number, message: textOf(index) }),
    })
    const { code = '', message_id: messageId = '' } = (await response.json()) as Record<string, string>
    return { status: response.status, code, messageId }
  } catch {
    return { status: 0, code: 'connection broken', messageId: '' }
  }
}

async function strike(
  stage: Stage,
  target: 'browser' | 'server',
  say: (line: string) => void,
): Promise<void> {
  say(`kill ${target}`)
  if (target === 'browser') {
    const pid = await waitFor('a browser', 60_000, stage.browserPid)
    process.kill(pid, 'SIGKILL')
    return
  }
  await stage.server().kill()
  stage.start()
}

function judge(stage: Stage, answers: ReadonlyMap<number, Answer>): Omit<SendRun, 'durationMs'> {
  const log = stage.world.messages().filter(({ fromMe }) => fromMe)
  const problems: string[] = []
  const others = new Map<string, number>()
  let sent = 0
  let unknown = 0
  for (const [index, { status, code, messageId }] of answers) {
    const delivered = log.filter(({ body }) => body === textOf(index))
    if (delivered.length > 1) problems.push(`key ${index} was delivered ${delivered.length} times`)
    if (status === 200) {
      sent += 1
      if (!delivered.some(({ id }) => messageId.includes(id)))
        problems.push(`key ${index} is sent but not there`)
    } else if (code === 'send_outcome_unknown') unknown += 1
    else {
      others.set(`${status} ${code}`, (others.get(`${status} ${code}`) ?? 0) + 1)
      if (delivered.length > 0) problems.push(`key ${index} was delivered, and answered ${status} ${code}`)
    }
  }
  return { sent, unknown, others, problems }
}
