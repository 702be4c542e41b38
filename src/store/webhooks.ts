/** Webhooks, one row each, and their deliveries that fail or failed. */
import { type DeadRow, KEPT_DEAD_MS, type LaneRow, type Sending, type WebhookRow } from '../control.ts'
import type { AccountId } from '../model/ids.ts'
import type { PauseReason } from '../model/webhook.ts'
import { createReceivers, type Receivers } from './receivers.ts'
import type { Connection } from './sqlite.ts'

/** See `ControlStore.webhooks`. */
export type Webhooks = Receivers & {
  list(): WebhookRow[]
  put(row: WebhookRow, ended?: readonly string[]): void
  sending(webhook: string): Sending[]
  empty(webhook: string): void
  lanes(webhook: string): LaneRow[]
  putLane(lane: LaneRow, dead?: DeadRow): void
  removeLane(lane: Pick<LaneRow, 'webhook' | 'chat'>): void
  dead(webhook: string, limit: number, after?: { atMs: number; key: string } | null): DeadRow[]
  deadOne(webhook: string, event: string): DeadRow | null
  removeDead(webhook: string, event: string): void
  countDead(): Map<string, number>
  /** Deletes deliveries that died more than {@link KEPT_DEAD_MS} before this time (Unix ms). */
  prune(nowMs: number): void
}

type Row = {
  id: string
  account: AccountId
  url: string
  secret: string
  old_secret: string | null
  old_until_ms: number | null
  filter: string
  paused: PauseReason | null
  place: string
  lost_at_ms: number | null
  created_at_ms: number
}
type Lane = { webhook: string; chat: string; event: string; head: string | null; sending: string }
type Dead = { webhook: string; event: string; died_at_ms: number; about: string }

export function createWebhooks(db: Connection): Webhooks {
  const list = db.query<Row>('SELECT * FROM webhooks ORDER BY created_at_ms, id')
  const put = db.command('INSERT OR REPLACE INTO webhooks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const sending = db.query<Pick<Lane, 'sending'>>('SELECT sending FROM webhook_sending WHERE webhook = ?')
  const empty = [
    db.command('DELETE FROM webhook_lanes WHERE webhook = ?'),
    db.command('DELETE FROM webhook_sending WHERE webhook = ?'),
  ]
  const lanes = db.query<Lane>('SELECT * FROM webhook_lanes WHERE webhook = ?')
  const putLane = db.command('INSERT OR REPLACE INTO webhook_lanes VALUES (?, ?, ?, ?, ?)')
  const removeLane = db.command('DELETE FROM webhook_lanes WHERE webhook = ? AND chat = ?')
  const dead = db.query<Dead>(
    `SELECT * FROM webhook_dead WHERE webhook = ?1 AND (?2 IS NULL OR died_at_ms < ?2 OR (died_at_ms = ?2 AND event > ?3))
     ORDER BY died_at_ms DESC, event LIMIT ?4`,
  )
  const deadOne = db.query<Dead>('SELECT * FROM webhook_dead WHERE webhook = ? AND event = ?')
  const putDead = db.command('INSERT OR REPLACE INTO webhook_dead VALUES (?, ?, ?, ?)')
  const removeDead = db.command('DELETE FROM webhook_dead WHERE webhook = ? AND event = ?')
  const countDead = db.query<{ webhook: string; n: number }>(
    'SELECT webhook, count(*) AS n FROM webhook_dead GROUP BY webhook',
  )
  const prune = db.command('DELETE FROM webhook_dead WHERE died_at_ms < ?')
  return {
    ...createReceivers(db, 'webhooks'),
    list: () => list.all().map(toWebhook),
    put: ({ id, account, url, secret, old, filter, paused, place, lostAtMs, createdAtMs }, ended = []) =>
      db.transaction(() => {
        put.run(
          ...[id, account, url, secret, old?.secret ?? null, old?.untilMs ?? null],
          ...[JSON.stringify(filter), paused, place, lostAtMs, createdAtMs],
        )
        for (const chat of ended) removeLane.run(id, chat)
      }),
    sending: (webhook) => JSON.parse(sending.get(webhook)?.sending ?? '[]'),
    empty: (webhook) =>
      db.transaction(() => {
        for (const removal of empty) removal.run(webhook)
      }),
    lanes: (webhook) => lanes.all(webhook).map(toLane),
    putLane: ({ webhook, chat, event, head, sending }, died) =>
      db.transaction(() => {
        putLane.run(webhook, chat, event, head && JSON.stringify(head), JSON.stringify(sending))
        if (died === undefined) return
        const { webhook: _, event: id, diedAtMs, ...about } = died
        putDead.run(webhook, id, diedAtMs, JSON.stringify(about))
      }),
    removeLane: ({ webhook, chat }) => void removeLane.run(webhook, chat),
    dead: (webhook, limit, after = null) =>
      dead.all(webhook, after?.atMs ?? null, after?.key ?? null, limit).map(toDead),
    deadOne(webhook, event) {
      const row = deadOne.get(webhook, event)
      return row === undefined ? null : toDead(row)
    },
    removeDead: (webhook, event) => void removeDead.run(webhook, event),
    countDead: () => new Map(countDead.all().map(({ webhook, n }) => [webhook, n])),
    prune: (nowMs) => void prune.run(nowMs - KEPT_DEAD_MS),
  }
}

function toWebhook({ id, account, url, secret, paused, place, ...row }: Row): WebhookRow {
  return {
    id,
    account,
    url,
    secret,
    old: row.old_secret === null ? null : { secret: row.old_secret, untilMs: row.old_until_ms ?? 0 },
    filter: JSON.parse(row.filter),
    paused,
    place,
    lostAtMs: row.lost_at_ms,
    createdAtMs: row.created_at_ms,
  }
}

function toLane({ head, sending, ...lane }: Lane): LaneRow {
  return { ...lane, head: head && JSON.parse(head), sending: JSON.parse(sending) }
}

function toDead({ webhook, event, died_at_ms, about }: Dead): DeadRow {
  return { ...JSON.parse(about), webhook, event, diedAtMs: died_at_ms }
}
