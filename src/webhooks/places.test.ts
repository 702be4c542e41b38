/** Positions of webhooks: in which order they are stored with what is being sent. */
import { expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import type { Begun } from '../control.ts'
import { createPlaces } from './places.ts'

const SENDING = [{ event: 'e', message: null, body: 'a text' }]

/** The database of one webhook. */
function openPlaces() {
  const stored: Begun = { place: '', sending: [] }
  const places = createPlaces(
    {
      async reached(all) {
        Object.assign(stored, { place: all.get('wh_1') ?? stored.place, sending: [] })
      },
      async begun(all) {
        Object.assign(stored, all.get('wh_1'))
      },
      wipe: async () => {},
    },
    (error) => expect.fail(String(error)),
    createTestClock(),
  )
  return { places, stored }
}

it('stores the end of a page that ends in the turn in which its beginning was to be stored', async () => {
  const { places, stored } = openPlaces()
  const begun = places.begin('wh_1', { place: 'its beginning', sending: SENDING })
  places.moved('wh_1', () => 'its end')
  await places.store()
  expect(stored).toEqual({ place: 'its end', sending: [] })
  await begun
  await places.store()
  expect(stored).toEqual({ place: 'its end', sending: [] })
})

it('has stored what began in the same turn when it has stored the positions', async () => {
  const { places, stored } = openPlaces()
  void places.begin('wh_1', { place: 'its beginning', sending: SENDING })
  await places.store()
  expect(stored).toEqual({ place: 'its beginning', sending: SENDING })
})
