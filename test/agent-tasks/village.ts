/** The people, groups and messages about which the tasks are. Everything that a task changes belongs to that task. */
import type { World } from '../../simulator/simulator.ts'
import type { NewContent, WorldGroup } from '../../simulator/world-types.ts'

const HOUR = 3_600
const DAY = 24 * HOUR

/** Names in the address book, with their numbers. */
const PEOPLE = {
  Mum: '15550004001',
  Dad: '15550004002',
  'Lena Berg': '15550004003',
  'Ben Adler': '15550004004',
  'Dr. Weiss': '15550004005',
  'Amara Okafor': '15550001101',
  'Jürgen Müller': '15550001102',
  'Nadia Rossi': '15550004007',
  'Carl Post': '15550004008',
} as const
type Name = keyof typeof PEOPLE

/** People who are not in the address book, by the names that they chose. */
const STRANGERS = { 'Prize Team': '15550005001', 'Express Delivery': '15550005002' }

export type Village = {
  groups: Record<'hiking' | 'family' | 'house' | 'trip' | 'choir' | 'chess', WorldGroup>
  phones: typeof PEOPLE & typeof STRANGERS
  /** Where the invite that Ben sent leads. */
  invite: string
  /** Ids of the labels. */
  labels: { customer: string }
}

/** What happens after a device was linked. */
export async function liveOn(world: World, { groups, phones }: Village): Promise<void> {
  await world.leaveGroup({ group: groups.choir.id, member: phones['Carl Post'] })
  await world.writeStatus({ from: 'me', content: { type: 'chat', text: 'The shop is open' } })
}

/** Writes it into a world without linked devices. */
export async function buildVillage(world: World, now: number): Promise<Village> {
  for (const [name, phone] of Object.entries(PEOPLE))
    world.addContact({ phone, name, pushname: name.split(' ')[0] ?? name })
  for (const [pushname, phone] of Object.entries(STRANGERS)) world.addContact({ phone, name: null, pushname })
  world.setProfile({ business: true, about: 'Hello' })

  const phones = { ...PEOPLE, ...STRANGERS }
  const say = (who: Name | keyof typeof STRANGERS, text: string, ago: number, chat?: string) =>
    world.write({ from: phones[who], text, t: now - ago, ...(chat === undefined ? {} : { chat }) })
  const show = (who: Name | 'me', content: NewContent, ago: number, chat?: string) =>
    world.writeContent({
      from: who === 'me' ? 'me' : phones[who],
      content,
      t: now - ago,
      ...(chat === undefined ? {} : { chat }),
    })
  const answer = (chat: string, text: string, ago: number) =>
    world.writeFromPhone({ chat, text, t: now - ago })
  const to = (who: Name | keyof typeof STRANGERS) => `${phones[who]}@c.us`

  const groupOf = async (subject: string, members: Name[], isAdmin: boolean) => {
    const group = world.addGroup({ subject, members: members.map((name) => PEOPLE[name]) })
    if (isAdmin) await world.setAdmin({ group: group.id, member: 'me', admin: true })
    return group
  }
  const groups = {
    hiking: await groupOf('Hiking club', ['Ben Adler', 'Lena Berg', 'Jürgen Müller'], true),
    family: await groupOf('Family', ['Mum', 'Dad', 'Lena Berg'], true),
    house: await groupOf('House 7', ['Nadia Rossi', 'Carl Post', 'Dad'], true),
    trip: await groupOf('School outing', ['Nadia Rossi', 'Mum'], false),
    choir: await groupOf('Choir', ['Dad', 'Carl Post'], false),
    chess: world.addGroup({ subject: 'Chess evening', members: [PEOPLE.Dad], foreign: true }),
  }
  const { hiking, family, house, trip, choir, chess } = groups

  // The owner has written everywhere, so that an agent with the policy of a new server may too.
  for (const { id } of [hiking, family, house, trip, choir]) await answer(id, 'Hello everyone', 60 * DAY)
  for (const who of [
    'Mum',
    'Dad',
    'Ben Adler',
    'Lena Berg',
    'Nadia Rossi',
    'Carl Post',
    'Dr. Weiss',
  ] as const)
    await answer(to(who), 'Good to have your number', 50 * DAY)
  await say('Express Delivery', 'Your parcel arrives between 8 and 12', 40 * DAY)

  await say('Lena Berg', 'The café is at 12 Harbour Street', 6 * DAY)
  await say('Dr. Weiss', 'Your appointment is confirmed', 5 * DAY)
  await say('Jürgen Müller', 'Packing list: rope, water, map', 4 * DAY, hiking.id)
  await show(
    'Ben Adler',
    { type: 'poll_creation', poll: { name: 'Which hut shall we book?', options: ['Eagle hut', 'Lake hut'] } },
    4 * DAY - HOUR,
    hiking.id,
  ).then(({ id }) => world.vote({ id, by: PEOPLE['Lena Berg'], options: [1] }))
  await show(
    'Lena Berg',
    { type: 'poll_creation', poll: { name: 'Which day suits everyone?', options: ['Saturday', 'Sunday'] } },
    3 * DAY,
    hiking.id,
  )
  await say('Lena Berg', 'Shall I bring the tent?', 2 * DAY, hiking.id)
  await show(
    'Ben Adler',
    {
      type: 'document',
      caption: 'The plan for the roof',
      media: { mimetype: 'application/pdf', sizeBytes: 2_048, filename: 'roof plan.pdf' },
    },
    2 * DAY,
  )
  await say(
    'Ben Adler',
    `Join us for chess: https://chat.whatsapp.com/${world.inviteTo({ group: chess.id })}`,
    DAY,
  )
  await say('Mum', 'I found your grey scarf', 20 * HOUR)
  await say('Carl Post', 'BUY GOLD NOW at my shop', 19 * HOUR, house.id)
  await say('Prize Team', 'You won! Send us your bank account', 18 * HOUR)
  await say('Nadia Rossi', 'I would like to order two lamps', 17 * HOUR)
  await say('Carl Post', 'I want to order a lamp too', 16 * HOUR)
  await answer(house.id, 'The keys are under the mat', 3 * HOUR).then(async ({ id }) => {
    await world.receive({ id, by: PEOPLE['Nadia Rossi'], ack: 3 })
    await world.receive({ id, by: PEOPLE.Dad, ack: 2 })
  })
  await answer(to('Lena Berg'), 'We meet at eight', 300)
  await answer(to('Ben Adler'), 'You still owe me 40 euros', 240)
  await say('Dad', 'Who fixes the fence?', 120, family.id)
  await say('Nadia Rossi', 'The lift is broken again', 110, house.id)

  await world.setGroup({ group: house.id, approves: true })
  await world.askToJoin({ group: house.id, person: PEOPLE['Dr. Weiss'] })
  await world.askToJoin({ group: house.id, person: STRANGERS['Express Delivery'] })
  await world.setContact({ phone: PEOPLE['Ben Adler'], online: true })
  const news = await world.addChannel({ name: 'City news' })
  await world.writeInChannel({ channel: news.id, content: { type: 'chat', text: 'The bridge is closed' } })
  await world.addChannel({ name: 'Bargains' })
  await world.addChannel({ name: 'Lamp workshop', own: true })
  return {
    groups,
    phones,
    invite: world.inviteTo({ group: chess.id }),
    labels: { customer: world.addLabel({ name: 'Customer' }).id },
  }
}
