/** Every row that changes something has a proof on the phone's side, and in the event log: link.test.ts looks for it on each build. */
import { expect, it } from 'vitest'
import { EXAMPLES } from './link/examples.ts'
import { PROOFS } from './link/proofs.ts'

/** They change the archive alone, and only if the phone has more. */
const OF_THE_ARCHIVE = ['load_earlier']
/** No kind of event says it. */
const WITHOUT_EVENT = ['set_chat_presence', 'set_chat_labels', 'change_profile', 'set_presence']

const changing = EXAMPLES.flatMap((row) => ('effect' in row && row.effect !== 'read' ? [row.name] : []))

it.each(changing)('%s', (name) => {
  const { phone, event } = PROOFS[name] ?? {}
  expect(phone === undefined).toBe(OF_THE_ARCHIVE.includes(name))
  expect(event === undefined).toBe([...OF_THE_ARCHIVE, ...WITHOUT_EVENT].includes(name))
})

it('no proof is of a row that does not exist', () => {
  expect(Object.keys(PROOFS).filter((name) => !changing.includes(name))).toEqual([])
})
