/** Generates a large world from a seed: people, groups and chats at once, their messages on request. */
import type { World } from '../simulator.ts'
import type { WorldContact } from '../world-types.ts'
import type { Account, Chat, Group } from './accounts.ts'
import { chatOf } from './addresses.ts'
import { giveNewChats } from './backlog.ts'
import { type Context, sessionsOf } from './context.ts'
import type { History } from './histories.ts'
import { emptyChat } from './messages.ts'
import { createRandom } from './random.ts'
import { makeGroupId, makeLid } from './seed.ts'
import { makeName, makeSubject } from './texts.ts'

const twoYears = 2 * 365 * 86_400
/** Members of one group, without the account. */
const membersMost = 60
/** First phone number of the people of one seeding; the next seeding continues after them. */
const phoneBase = 15551000000

/** See {@link World.seedHistory}. Throws for invalid numbers. */
export async function seedHistory(
  context: Context,
  account: Account,
  options: Parameters<World['seedHistory']>[0],
): ReturnType<World['seedHistory']> {
  const { chats: chatCount, messages, groups: groupCount = Math.floor(chatCount / 10), seed = 1 } = options
  const now = context.clock.now()
  const to = options.to ?? now - 60
  const from = options.from ?? to - twoYears
  const isWhole = [chatCount, messages, groupCount].every((number) => Number.isInteger(number) && number >= 0)
  if (!isWhole || groupCount > chatCount || from >= to || chatCount === 0) {
    throw new Error(
      'seedHistory requires whole numbers: chats > 0, groups <= chats, messages >= 0, from < to.',
    )
  }
  const random = createRandom(seed * 104_729 + account.messages.histories)
  const firstPhone = phoneBase + account.contacts.size
  // A world with only groups still contains people.
  const people = Array.from({ length: Math.max(chatCount - groupCount, 20) }, (_, index): WorldContact => {
    const name = makeName(random)
    return {
      ...name,
      phone: String(firstPhone + index),
      lid: makeLid(random),
      name: random.fraction() < 0.7 ? name.name : null,
      lidChat: random.fraction() < 0.4,
    }
  })
  account.contacts.setAll(people.map((person) => [person.phone, person]))
  const groups = Array.from({ length: groupCount }, (_, index): Group => {
    const start = random.between(0, people.length - 1)
    const size = random.between(2, Math.min(membersMost, people.length))
    const members = [...people, ...people].slice(start, start + size).map(({ phone }) => phone)
    return {
      id: makeGroupId(random),
      subject: makeSubject(random, index + 1),
      owner: members[0] ?? account.info.phone,
      creation: from - 86_400,
      announce: random.fraction() < 0.1,
      lidMode: random.fraction() < 0.5,
      members,
    }
  })
  account.groups.setAll(groups.map((group) => [group.id, group]))

  const places = [
    ...groups.map((group) => ({ id: group.id, people: group.members })),
    ...people
      .slice(0, chatCount - groupCount)
      .map((person) => ({ id: chatOf(person), people: [person.phone] })),
  ]
  const counts = share(messages, places.length, () => random.fraction())
  const chats: Chat[] = []
  const histories: History[] = []
  places.forEach(({ id, people: writers }, index) => {
    const count = counts[index] ?? 0
    const end = to - Math.floor((to - from) * 0.9 * random.fraction() ** 3)
    chats.push({
      ...emptyChat(id, count > 0 ? end : from),
      unreadCount: count > 3 && random.fraction() < 0.1 ? random.between(1, 3) : 0,
      archived: random.fraction() < 0.05,
      muteExpiration: random.fraction() < 0.05 ? -1 : 0,
    })
    if (count === 0) return
    const start = from + Math.floor((end - from) * 0.3 * random.fraction())
    const ordinal = account.messages.histories + histories.length
    histories.push({ chat: id, ordinal, seed, count, from: start, to: end, people: writers })
  })
  account.chats.setAll(chats.map((chat) => [chat.id, chat]))
  account.messages.addHistories(histories)
  await Promise.all(
    sessionsOf(context, account).map((session) =>
      session.live && session.link ? giveNewChats(context, session, session.link) : undefined,
    ),
  )
  return { chats: chatCount, messages, contacts: people.length, groups: groupCount }
}

/** Divides `total` as unevenly as real chats: a few have most of it, about one in fifty has none. */
function share(total: number, parts: number, fraction: () => number): number[] {
  const weights = Array.from({ length: parts }, (_, index) =>
    index % 50 === 49 ? 0 : 1 / (fraction() + 0.0005),
  )
  const sum = weights.reduce((one, other) => one + other, 0)
  let given = 0
  let reached = 0
  return weights.map((weight, index) => {
    reached += weight
    const until = index === parts - 1 ? total : Math.round((total * reached) / sum)
    const part = until - given
    given = until
    return part
  })
}
