/** Who got, read and played a message, read in the page. The rules of page-rows.ts hold. */
import type { Key, PageWindow } from './page-types.ts'
import type { ReceiptsAnswer } from './raw.ts'

type At = { id: unknown; t: number }
type MsgInfo = { delivery: At[]; read: At[]; played: At[]; deliveryRemaining?: number }

declare const window: {
  require(name: 'WAWebApiMessageInfoStore'): { queryMsgInfo(key: Key): Promise<MsgInfo> }
  whatsappMcpFind: PageWindow['whatsappMcpFind']
}

export async function pageReceipts(keys: readonly string[]): Promise<ReceiptsAnswer> {
  const message = await window.whatsappMcpFind(keys)
  if (!message) return { state: 'unknown' }
  if (!message.id.fromMe || message.type === 'revoked') return { state: 'refused' }
  const { delivery, read, played, deliveryRemaining } = await window
    .require('WAWebApiMessageInfoStore')
    .queryMsgInfo(message.id)
  return {
    state: 'done',
    rows: [
      ...delivery.map(({ id, t }) => ({ person: String(id), what: 'deliveredAt' as const, t })),
      ...read.map(({ id, t }) => ({ person: String(id), what: 'readAt' as const, t })),
      ...played.map(({ id, t }) => ({ person: String(id), what: 'playedAt' as const, t })),
    ],
    waiting: deliveryRemaining ?? 0,
  }
}
