/** For tests: answers `Engine.readMessages` from a list, as WhatsApp Web's page would. */
import type { HistoryCursor, HistoryPage } from '../src/engine/engine.ts'
import type { SeenMessage } from '../src/model/seen.ts'

/** @param all the messages of a chat, oldest first */
export function historyOf(
  all: readonly SeenMessage[],
  { before, count }: { before: HistoryCursor | null; count: number },
): HistoryPage {
  const found = all.filter(
    ({ sentAt, bareId }) => before === null || (sentAt <= before.until && !before.without.includes(bareId)),
  )
  const messages = found.slice(Math.max(0, found.length - count))
  const until = messages[0]?.sentAt
  if (until === undefined) return { messages, end: true, before: 'none', next: before }
  const rest = new Set(found.slice(0, found.length - messages.length))
  const without = all.flatMap((one) => (one.sentAt === until && !rest.has(one) ? [one.bareId] : []))
  return { messages, end: found.length <= count, before: 'none', next: { until, without } }
}
