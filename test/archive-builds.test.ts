/** The archive on the builds that differ here, against the double's own log: one server for each, which stops and goes on. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { World } from '../simulator/simulator.ts'
import { archiveOf, readArchive } from './archive-rows.ts'
import { type Harness, openLinked } from './harness.ts'

const AMARA = '15550001101'

let harness: Harness
/** Does the server go as soon as it has what a test changes? */
let isDown = false
/** The number of events before the test. */
let before = 0

const { file, bodies, expectComplete, ...archive } = archiveOf(() => harness)
const events = () => archive.events().slice(before)

const rowOf = (id: string) =>
  readArchive(file(), ({ db }) =>
    db
      .query<{ place: number; type: string; body: string }>(
        'SELECT id AS place, type, body FROM messages WHERE bare_id = ?',
      )
      .get(id),
  )
const revisionsOf = (id: string) =>
  readArchive(file(), ({ db }) =>
    db
      .query<{ body: string }>(
        'SELECT r.body FROM revisions r JOIN messages m ON m.id = r.message WHERE bare_id = ?',
      )
      .all(id)
      .map(({ body }) => body),
  )
/** Until the message is in the archive; then the server goes, where the test wants that. */
async function seen(id: string): Promise<void> {
  await expect.poll(() => rowOf(id)).toBeDefined()
  if (isDown) await harness.app.close()
}

/** Acts of the phone's hand that change what was there; `after`: what the archive then says. */
const CHANGES: Record<string, (world: World) => Promise<() => unknown>> = {
  'a message edited by its author': async (world) => {
    const { id } = await world.write({ from: AMARA, text: 'helo' })
    await seen(id)
    await world.edit({ id, text: 'hello' })
    return () => rowOf(id)?.body === 'hello' && revisionsOf(id)
  },
  'an own message edited on the phone': async (world) => {
    const { id } = await world.writeFromPhone({ chat: `${AMARA}@c.us`, text: 'helo' })
    await seen(id)
    await world.edit({ id, text: 'hello' })
    return () => rowOf(id)?.body === 'hello' && revisionsOf(id)
  },
  'a message deleted for everyone': async (world) => {
    const { id } = await world.write({ from: AMARA, text: 'helo' })
    await seen(id)
    await world.revoke({ id })
    return () => rowOf(id)?.type === 'revoked' && rowOf(id)?.body === '' && revisionsOf(id)
  },
}

describe.each(['2.3000.1049045808', '2.3000.1034728815'])('on build %s', (build) => {
  beforeAll(async () => {
    isDown = false
    harness = await openLinked({ build })
  })
  afterAll(() => harness.close())
  beforeEach(() => {
    before = archive.events().length
  })

  it('everything that WhatsApp Web has is archived once the account is linked', async () => {
    expect(harness.world.messages().length).toBeGreaterThan(10)
    await expectComplete()
    expect(events()).toEqual([])
  })

  it('a message that arrives is stored once, with one event', async () => {
    for (const text of ['one', 'two', 'three']) await harness.world.write({ from: AMARA, text })
    await expectComplete()
    expect(events().map(({ kind, late }) => [kind, late])).toEqual(Array(3).fill(['message.received', false]))
  })

  it('an own message is stored when the response is sent, and its echo changes nothing', async () => {
    const { json } = await harness.post('/api/send', { phone_number: AMARA, message: 'from the API' })
    expect(bodies(`${AMARA}@c.us`)?.at(-1)).toBe('from the API')
    const own = (kind: string) =>
      events().filter((event) => json.message_id.includes(event.id) && event.kind === kind)
    expect(own('message.sent')).toHaveLength(1)
    await harness.world.writeFromPhone({ chat: `${AMARA}@c.us`, text: 'from the phone' })
    await expectComplete()
    expect(own('message.sent')).toHaveLength(1)
  })

  it('messages that arrived while the server was stopped are stored in order, with late events', async () => {
    await harness.app.close()
    const written: string[] = []
    for (let n = 0; n < 120; n += 1) {
      written.push((await harness.world.write({ from: AMARA, text: `missed ${n}` })).id)
    }
    await harness.restart()
    await harness.synced()
    await expectComplete()
    // What was sent before may be delivered only now.
    const told = events().filter(({ kind }) => kind !== 'message.ack')
    expect(told.map(({ id }) => id).sort()).toEqual(written.sort())
    expect(told.every(({ kind, late }) => kind === 'message.received' && late)).toBe(true)
  })

  // What is changed while the server is down is the same on any build.
  describe.each(build.startsWith('2.3000.1049') ? [false, true] : [false])('the server down: %s', (down) => {
    beforeAll(() => {
      isDown = down
    })
    const backUp = async () => {
      if (!isDown) return
      await harness.restart()
      await harness.synced()
    }

    it.each(Object.entries(CHANGES))('%s', async (_, act) => {
      const after = await act(harness.world)
      await backUp()
      await expect.poll(after).toEqual(['helo'])
      await expectComplete()
    })

    it('reactions are those that stand', async () => {
      const { id } = await harness.world.write({ from: AMARA, text: 'look' })
      await seen(id)
      await harness.world.react({ id, by: AMARA, emoji: '👍' })
      await harness.world.react({ id, by: 'me', emoji: '😂' })
      await harness.world.react({ id, by: AMARA, emoji: '❤️' })
      await harness.world.react({ id, by: 'me', emoji: '' })
      await backUp()
      // One that was taken back is kept without its emoji.
      const reactions = () =>
        readArchive(file(), ({ changes }) =>
          changes
            .reactions(rowOf(id)?.place ?? 0)
            .map(({ emoji }) => emoji)
            .filter((emoji) => emoji !== ''),
        )
      await expect.poll(reactions).toEqual(['❤️'])
    })
  })
})
