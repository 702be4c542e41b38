/**
 * Forty and more tasks of everyday life, each solved by a scripted agent in a fresh session with the default tools, or with a
 * toolset that an answer names, in at most six calls; the phone is the witness.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openAgent } from './agent-tasks/agent.ts'
import type { Task, Witness } from './agent-tasks/task.ts'
import { CHAT_TASKS } from './agent-tasks/tasks/chats.ts'
import { GROUP_TASKS } from './agent-tasks/tasks/groups.ts'
import { MESSAGE_TASKS } from './agent-tasks/tasks/messages.ts'
import { PEOPLE_TASKS } from './agent-tasks/tasks/people.ts'
import { buildVillage, liveOn, type Village } from './agent-tasks/village.ts'
import { type Harness, openHarness } from './harness.ts'

const MOST_CALLS = 6
const TASKS: Task[] = [...MESSAGE_TASKS, ...GROUP_TASKS, ...PEOPLE_TASKS, ...CHAT_TASKS]

let harness: Harness
let witness: Witness

beforeAll(async () => {
  // The owner lets agents write to everybody (the policy of a new server is in agent-tasks.test.ts). The newest build of the double
  // does not forward.
  harness = await openHarness({ build: '2.3000.1048116627' })
  const { world } = harness
  const village = await buildVillage(world, Math.floor(Date.now() / 1_000))
  witness = witnessOf(harness, village)
})
afterAll(() => harness.close())

it('begin with a linked account, in which somebody leaves a group', async () => {
  const { world } = harness
  const { village } = witness
  await harness.link()
  await harness.synced()
  const { choir } = village.groups
  await liveOn(world, village)
  await expect
    .poll(async () => (await harness.get(`/api/groups/${choir.id}/members`)).json.members.at(-1).until_at)
    .not.toBeNull()
  await expect.poll(async () => (await harness.get('/api/status-updates')).json.count).toBe(1)
})

it('are at least forty', () => {
  expect(new Set(TASKS.map(({ says }) => says)).size).toBe(TASKS.length)
  expect(TASKS.length).toBeGreaterThanOrEqual(40)
})

it.each(TASKS)('$says', async ({ says, solve, holds }) => {
  const client = await harness.mcp('legacy')
  const agent = await openAgent(client, says)
  const told = await solve(agent)
  expect(agent.failures).toEqual([])
  expect(agent.calls()).toBeLessThanOrEqual(MOST_CALLS)
  await expect.poll(async () => attempt(() => holds(witness, told))).toBe('holds')
  await client.close()
})

/** `holds`, or the words of the expectation that does not. */
async function attempt(holds: () => unknown): Promise<string> {
  try {
    await holds()
    return 'holds'
  } catch (error) {
    return String(error)
  }
}

function witnessOf(harness: Harness, village: Village): Witness {
  const { world } = harness
  const demand = <T>(found: T | undefined, what: string): T => {
    if (found === undefined) throw new Error(`The phone has no "${what}".`)
    return found
  }
  const chat = (name: string) =>
    demand(
      world.chats().find((one) => one.name === name),
      name,
    )
  return {
    harness,
    village,
    group: (subject) =>
      demand(
        world.state().groups.find((one) => one.subject === subject),
        subject,
      ),
    person: (name) =>
      demand(
        world.state().contacts.find((one) => (one.name ?? one.pushname) === name),
        name,
      ),
    chat,
    last: (name) =>
      demand(
        world
          .messages({ chat: chat(name).id })
          .filter(({ notice }) => !notice)
          .at(-1),
        name,
      ),
    message: (text) =>
      demand(
        world.messages().findLast(({ body }) => body === text),
        text,
      ),
  }
}
