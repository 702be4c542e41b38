/** Events of the library's client as events of the engine, and what a send returns: on a client of the test's. */
import { expect, it } from 'vitest'
import { systemClock } from '../../clock.ts'
import { createLog } from '../../log.ts'
import { newBareId, toJid } from '../../model/ids.ts'
import type { EngineEvent } from '../engine.ts'
import { createAddresses } from './addresses.ts'
import type { LibraryClient, LibraryMessage } from './linked-client.ts'
import { listenTo } from './listeners.ts'
import { createSender } from './sender.ts'
import { createTranslator } from './translator.ts'

const AMARA = toJid('15550001101@c.us')
const log = createLog({ level: 'silent' })

/** The account sends a picture. The page reports it with these acks, and has its location from the first one on. */
async function sendPicture(acks: readonly number[]) {
  const bareId = newBareId()
  const listeners = new Map<string, (...given: unknown[]) => void>()
  const events: EngineEvent[] = []
  const model = (ack: number, more: object = {}): LibraryMessage => {
    const id = { fromMe: true, remote: AMARA, id: bareId, _serialized: `true_${AMARA}_${bareId}` }
    const rawData = {
      id,
      type: 'image',
      t: Math.floor(Date.now() / 1000),
      from: '15550001000@c.us',
      to: AMARA,
      ack,
      caption: 'look',
      ...more,
    }
    return { id, ack, body: 'look', to: AMARA, rawData: rawData as LibraryMessage['rawData'] }
  }
  const client = {
    on: (name: string, listener: (...given: unknown[]) => void) => void listeners.set(name, listener),
    sendMessage: async () => model(0),
  } as unknown as LibraryClient
  const translator = createTranslator(systemClock, log)
  const sender = createSender(
    client,
    createAddresses(),
    translator,
    { put: async () => 1, drop: async () => {} },
    systemClock,
  )
  listenTo(
    client,
    sender,
    { reportEdit: (_id, _text, report) => report() },
    translator,
    (event) => events.push(event),
    log,
  )
  const sending = sender.send(AMARA, { kind: 'text', text: 'look' }, { bareId, limitMs: 5_000 })
  await new Promise(setImmediate)
  listeners.get('message_create')?.(model(0))
  for (const ack of acks) listeners.get('message_ack')?.(model(ack, { directPath: '/v/picture' }), ack)
  const { message } = await sending
  const reported = events.flatMap((event) => (event.type === 'message' ? [event.message.hasMedia] : []))
  return { sent: message.hasMedia, reported: reported.at(-1) }
}

it.each([[[1, 2]], [[2]], [[3]]])('own media has its file, whatever acks there are: %j', async (acks) => {
  expect(await sendPicture(acks)).toEqual({ sent: true, reported: true })
})
