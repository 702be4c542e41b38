/** People who write: many chats, bursts, groups, strangers, and the account's owner on the phone. All from one seed. */
import type { Random } from '../../simulator/service/random.ts'
import type { World } from '../../simulator/simulator.ts'

/** Numbers of the range kept for fiction, apart from those of the double's own people. */
const FIRST_PHONE = 15_550_003_000
const PEOPLE = 12
const GROUPS = 4
/** The share of messages that the owner writes on the phone, and of those that start a chat with somebody new. */
const OWN_SHARE = 0.1
const STRANGER_SHARE = 0.004

export type Traffic = {
  /** How many messages were written. */
  written(): number
  /** Write so many at once: in one chat, or all over the place. */
  burst(count: number): Promise<void>
}

/** Adds the people and groups; nobody writes yet. */
export function createTraffic(world: World, random: Random): Traffic {
  let written = 0
  const pick = <T>(list: readonly T[]): T => {
    const found = list[random.between(0, list.length - 1)]
    if (found === undefined) throw new Error('there is nobody to write')
    return found
  }
  const phones: string[] = []
  const addPerson = (name: string | null): string => {
    const phone = String(FIRST_PHONE + phones.length)
    world.addContact({ phone, name, pushname: `p${phone.slice(-3)}`, lidChat: phones.length % 4 === 3 })
    phones.push(phone)
    return phone
  }
  for (let count = 0; count < PEOPLE; count += 1) addPerson(count % 5 === 4 ? null : `Person ${count}`)
  const groups = Array.from({ length: GROUPS }, (_, index) => {
    const members = phones.filter((_, place) => place % GROUPS !== index)
    const { id } = world.addGroup({ subject: `Group ${index}`, members, lidMode: index % 2 === 1 })
    return { id, members }
  })

  /** Somebody's place to write in: alone with the account, or in a group. */
  function somewhere(): { from: string; chat?: string } {
    if (random.fraction() < STRANGER_SHARE) return { from: addPerson(null) }
    if (random.fraction() < 0.6) return { from: pick(phones) }
    const { id, members } = pick(groups)
    return { from: pick(members), chat: id }
  }

  return {
    written: () => written,
    async burst(count) {
      const same = random.fraction() < 0.4 ? somewhere() : null
      for (let left = count; left > 0; left -= 1) {
        const { from, chat } = same ?? somewhere()
        const text = `${written} ${random.text(random.between(0, 40), 'abc äß ...!\n')}`
        if (random.fraction() < OWN_SHARE) await world.writeFromPhone({ chat: chat ?? from, text })
        else await world.write({ from, text, ...(chat === undefined ? {} : { chat }) })
        written += 1
      }
    },
  }
}
