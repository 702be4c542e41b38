/** A world that is another one for every seed, and what is true in it, for agents to find out. */
import type { World } from '../../simulator/simulator.ts'

export type Truth = {
  /** Names of the people whose last word was not answered. */
  waiting: string[]
  /** One of two people of the same first name, what they said, and about which thing. */
  said: { name: string; thing: string; text: string }
  /** The group that moved the meeting, among groups that only speak of one. */
  moved: { id: string; day: string }
  /** A question of one person in a long chat, with its bare id. */
  asked: { name: string; thing: string; id: string }
  /** What this account promised somebody. */
  promised: { name: string; text: string }
}

const FIRST = [
  'Anna',
  'Ben',
  'Carla',
  'Deniz',
  'Elif',
  'Frank',
  'Goran',
  'Hana',
  'Ines',
  'Jonas',
  'Kaya',
  'Lucía',
]
const LAST = [
  'Albrecht',
  'Brandt',
  'Cohen',
  'Duarte',
  'Engel',
  'Fuchs',
  'Grün',
  'Haddad',
  'Ivanova',
  'Jensen',
]
const THINGS = [
  'the boiler',
  'the invoice',
  'the tent',
  'the piano',
  'the vaccine',
  'the lease',
  'the garden',
]
const DAYS = ['Monday', 'Tuesday', 'Thursday', 'Saturday']
const TALK = [
  'Good morning!',
  'On my way',
  'Haha, yes',
  'Let me look',
  'Thanks a lot',
  'See you',
  'Fine with me 👍',
]

/** Writes it. @param random from 0 up to 1 */
export async function writeWorld(world: World, random: () => number, now: number): Promise<Truth> {
  const draw = <T>(list: readonly T[]): T => list[Math.floor(list.length * random())] as T
  const shuffled = <T>(list: readonly T[]): T[] =>
    list
      .map((one) => [random(), one] as const)
      .sort(([one], [other]) => one - other)
      .map(([, one]) => one)
  const phones = Array.from(
    { length: 8 },
    (_, n) => `1555${String(3_000_000 + Math.floor(random() * 900_000) * 10 + n)}`,
  )
  const lasts = shuffled(LAST)
  // The first two share their first name.
  const firsts = shuffled(FIRST)
  const names = phones.map((_, n) => `${firsts[Math.max(0, n - 1)]} ${lasts[n]}`)
  const people = phones.map((phone, n) => ({ phone, chat: `${phone}@c.us`, name: names[n] ?? '' }))
  for (const { phone, name } of people)
    world.addContact({ phone, name, pushname: name.split(' ')[0] ?? name })

  let t = now - 6 * 86_400
  const tick = () => {
    t += 60 + Math.floor(random() * 600)
    return t
  }
  const say = (n: number, text: string, chat?: string) =>
    world.write({ from: phones[n] ?? '', text, t: tick(), ...(chat === undefined ? {} : { chat }) })
  const answer = (n: number, text: string) =>
    world.writeFromPhone({ chat: people[n]?.chat ?? '', text, t: tick() })
  const chatter = async (n: number, count: number) => {
    for (let line = 0; line < count; line += 1)
      await (random() < 0.5 ? say(n, draw(TALK)) : answer(n, draw(TALK)))
  }

  const [thing = '', decoy = '', topic = ''] = shuffled(THINGS)
  await chatter(0, 5)
  const said = await say(
    0,
    `About ${thing}: ${draw(['it needs', 'they want', 'we owe'])} ${Math.floor(random() * 900)} euros`,
  )
  await say(1, `Do you still have ${thing}?`)
  await chatter(0, 20)
  await answer(0, 'Good to know')
  await answer(1, 'Yes')
  await say(2, `What about ${decoy}?`)
  await chatter(3, 30)
  const asked = await say(3, `Shall I bring ${topic} on ${draw(DAYS)}?`)
  await chatter(3, 25)
  await answer(3, 'Talk later')
  await say(4, 'Can you call me?')
  const promised = await answer(4, `I promise to send you the photos of ${decoy} by ${draw(DAYS)}`)
  await chatter(5, 10)
  await say(5, 'Are you there?')

  const [oldDay = '', newDay = ''] = shuffled(DAYS)
  const groups = shuffled(['Board', 'Parents 4b', 'Choir ', 'House 7']).map((subject) =>
    world.addGroup({ subject, members: phones.slice(0, 5) }),
  )
  const [moving, ...others] = groups
  if (moving === undefined) throw new Error('no group')
  for (const { id } of others) await say(1, `Notes of the ${draw(['last', 'first'])} meeting are online`, id)
  await say(2, `The meeting is moved from ${oldDay} to ${newDay}`, moving.id)
  await say(3, draw(TALK), moving.id)
  await say(6, `I moved to a new flat on ${oldDay}`)
  await answer(6, 'Congratulations!')
  return {
    waiting: waitingIn(world),
    said: { name: names[0] ?? '', thing, text: said.body },
    moved: { id: moving.id, day: newDay },
    asked: { name: names[3] ?? '', thing: topic, id: asked.id },
    promised: { name: names[4] ?? '', text: promised.body },
  }
}

/** Names of the people of direct chats whose newest message is theirs. */
function waitingIn(world: World): string[] {
  const newest = new Map<string, boolean>()
  for (const { chat, fromMe } of world.messages()) newest.set(chat, fromMe)
  return world
    .state()
    .contacts.filter(({ phone, lid }) =>
      [`${phone}@c.us`, lid, `${lid}@lid`].some((id) => newest.get(id) === false),
    )
    .map(({ name, pushname }) => name ?? pushname)
}
