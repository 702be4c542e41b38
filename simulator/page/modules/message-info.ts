/** Who got, read and played a message (WAWebApiMessageInfoStore). */
import { lidModeOf, widOfPhone } from '../keys.ts'
import type { MsgKey } from '../msg-key.ts'
import { connection } from '../page.ts'
import { defineModule } from '../registry.ts'
import type { Wid } from '../wid.ts'

type Receipt = { id: Wid; t: number }
type MsgInfo = {
  delivery: Receipt[]
  deliveryRemaining: number
  read: Receipt[]
  readRemaining: number
  played: Receipt[]
  playedRemaining: number
}

/** In groups each person is in the list of their latest receipt only. The counts leave out those who are in a later list. */
async function queryMsgInfo(key: MsgKey): Promise<MsgInfo> {
  const [message] = await connection().ask('messages_by_id', { ids: [key.id] })
  if (!message) throw new Error(`No message info found for ${String(key)}`)
  const { people, receipts } = await connection().ask('message_info', { id: key.id })
  const isGroup = key.remote.isGroup()
  const lidMode = lidModeOf(message)
  const lists: Record<2 | 3 | 4, Receipt[]> = { 2: [], 3: [], 4: [] }
  const latest = new Map(receipts.map(({ by, ack }) => [by, ack]))
  for (const { by, ack, atMs } of receipts) {
    if (isGroup && latest.get(by) !== ack) continue
    lists[ack].push({ id: widOfPhone(by.replace(/@.*$/, ''), lidMode), t: Math.floor(atMs / 1000) })
  }
  const playedRemaining = people - lists[4].length
  const readRemaining = playedRemaining - lists[3].length
  return {
    delivery: lists[2],
    deliveryRemaining: readRemaining - lists[2].length,
    read: lists[3],
    readRemaining,
    played: lists[4],
    playedRemaining,
  }
}

/** Defines the module of this file. */
export function defineMessageInfo(): void {
  defineModule('WAWebApiMessageInfoStore', { queryMsgInfo })
}
