/** The webhooks of this server: where events are sent, and what is not delivered. A webhook belongs to one account. */
import { randomBytes } from 'node:crypto'
import type { ControlStore, WebhookRow } from '../control.ts'
import { type AppError, fail, toAppError } from '../errors.ts'
import type { AccountId } from '../model/ids.ts'
import type { DeliveryError, PauseReason, WebhookFilter } from '../model/webhook.ts'
import { isForbidden } from '../public-address.ts'
import type { LogReader } from '../session/event-readers.ts'
import { bodyOf, testBody } from './body.ts'
import { createDeliveries, type DeliveryPage, type DeliveryPlace, type DeliveryState } from './deliveries.ts'
import { createPlaces } from './places.ts'
import { endOf } from './positions.ts'
import {
  type Receiver as AnyReceiver,
  isPausedBy,
  openReceiver,
  placed,
  type ReceiverOptions,
  type ReceiverView,
  viewOf,
} from './receiver.ts'
import type { Outcome } from './sender.ts'
import { newSecret } from './signature.ts'
import { createSigned, type SignedOptions } from './signed.ts'

type Receiver = AnyReceiver<WebhookRow, DeliveryError>

/** What the owner decides about a webhook. */
export type WebhookFacts = { url: URL; filter: WebhookFilter; isPaused: boolean }

/** A webhook as it is now. */
export type WebhookView = ReceiverView<WebhookRow, DeliveryError>

/** Methods reject with the errors of the control database; those with an id also with `webhook_not_found`. */
export type Webhooks = {
  /** In the order of their creation. */
  list(): Promise<WebhookView[]>
  get(id: string): Promise<WebhookView>
  /** Fails with `account_not_found`, `too_many_webhooks`, `webhook_url_forbidden`. @param secret Base64; default: a new one */
  add(account: string, facts: WebhookFacts, secret?: string): Promise<WebhookView>
  /** Changes what is given, also of the filter. Fails with `webhook_url_forbidden`. */
  change(
    id: string,
    facts: Partial<Omit<WebhookFacts, 'filter'>> & { filter?: Partial<WebhookFilter> },
  ): Promise<WebhookView>
  /** Replaces the secret. For `overlapS` more seconds, deliveries are signed with the previous one too. */
  rotate(id: string, overlapS: number): Promise<WebhookView>
  remove(id: string): Promise<void>
  /** Sends a test now, also while the webhook is paused. */
  test(id: string): Promise<Outcome>
  /** Returns up to `limit` deliveries in this state, from the one after this place on. Fails as reading events. */
  deliveries(
    id: string,
    state: DeliveryState,
    limit: number,
    after: DeliveryPlace | null,
  ): Promise<DeliveryPage>
  /**
   * Delivers again what came after this cursor, or since this time (Unix ms), and all that was not delivered. Fails as reading events.
   */
  replay(id: string, from: { after: string } | { sinceMs: number }): Promise<WebhookView>
  /** Tries a failed or dead delivery now. Fails with `delivery_not_found`, and as reading events. */
  retry(id: string, event: string): Promise<Outcome>
  /** Pauses the webhooks of an account that is removed; if its `archive` is too, their texts are removed. Never rejects. */
  dropAccount(account: AccountId, what: { archive: boolean }): Promise<void>
  /** Stores the positions and stops. Never rejects. */
  close(): Promise<void>
}

export type WebhooksOptions = SignedOptions &
  Pick<ReceiverOptions<WebhookRow, DeliveryError>, 'accounts' | 'log'> & { control: ControlStore['webhooks'] }

const MOST_WEBHOOKS = 100
/** A control database that could not be read is read again after this time. */
const RETRY_MS = 5_000

/** Opens the webhooks and begins to deliver. Never rejects. */
export async function openWebhooks(options: WebhooksOptions): Promise<Webhooks> {
  const { control, accounts, origins, clock, log } = options
  const all = new Map<string, Receiver>()
  const places = createPlaces(control, failed, clock)
  const deliveries = createDeliveries(control, accounts)
  let problem: AppError | null = null
  let isClosed = false
  let cancelLoad = () => {}
  let loading: Promise<void> | null = null
  await load()

  /** Opens the webhooks that are not open yet. Callers of the same time share this, or each would open all of them. */
  function load(): Promise<void> {
    loading ??= openAll().finally(() => {
      loading = null
    })
    return loading
  }

  async function openAll(): Promise<void> {
    cancelLoad()
    try {
      for (const row of await control.list()) if (!all.has(row.id)) await open(row)
      problem = null
    } catch (error) {
      if (problem === null) log.error({ err: error }, 'the webhooks cannot be read; nothing is delivered')
      problem = toAppError(error)
      if (!isClosed) cancelLoad = clock.after(RETRY_MS, () => void load())
    }
  }

  async function open(row: WebhookRow, last: Receiver['last'] = null): Promise<Receiver> {
    const receiver = await openReceiver(row, {
      ...options,
      places,
      delivering: (present) => createSigned(new URL(row.url), present, options),
      onPaused: (...pausing) => void pause(...pausing),
      onLost(one) {
        log.warn({ webhook: row.id }, 'events were deleted before a webhook had received them')
        one.row = { ...one.row, lostAtMs: clock.now() }
        void save(one)
      },
    })
    receiver.last = last
    all.set(row.id, receiver)
    return receiver
  }

  function failed(error: unknown): void {
    log.error({ err: error }, 'a webhook could not be stored')
  }

  let lastTurn: Promise<unknown> = Promise.resolve()
  /** Changes run one after the other. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = lastTurn.then(work, work)
    lastTurn = next.catch(() => {})
    return next
  }

  /** The same as {@link find}, outside of a turn: waits for a webhook that is being opened again. */
  async function findOpen(id: string): Promise<Receiver> {
    if (!all.has(id)) await lastTurn
    return find(id)
  }

  async function find(id: string): Promise<Receiver> {
    if (isClosed) fail('shutting_down')
    if (problem !== null) await load()
    if (problem !== null) throw problem
    return all.get(id) ?? fail('webhook_not_found')
  }

  /**
   * Stops the webhook, stores what `work` returns, without the lanes of the chats that are `ended`, and opens it again. If it cannot be
   * stored, it stays as it was.
   */
  async function restart(one: Receiver, work: (row: WebhookRow) => WebhookRow & { ended?: string[] }) {
    await one.pump.halt()
    // This removes the bodies of what is delivered: a replay sends each event as it is then.
    await places.store()
    let row = placed(one)
    try {
      const { ended, ...after } = work(row)
      await control.put(after, ended)
      row = after
    } finally {
      await reopen(one, row)
    }
    return view(await find(row.id))
  }

  /** @param whileClosed runs while the webhook is closed */
  async function reopen(one: Receiver, row: WebhookRow, whileClosed = async () => {}): Promise<void> {
    await one.close()
    places.drop(row.id)
    try {
      await whileClosed()
    } finally {
      all.delete(row.id)
      await open(row, one.last).catch((error) => {
        problem = toAppError(error)
      })
    }
  }

  /** Removes the texts of what the webhook has not delivered. Never rejects. */
  function empty(one: Receiver): Promise<void> {
    const { id } = one.row
    return inTurn(async () => {
      const present = all.get(id)
      if (present !== undefined) await reopen(present, placed(present), () => control.empty(id))
    }).catch(failed)
  }

  /** Stores the webhook, unless it was removed, closed or opened again meanwhile. Never rejects. */
  async function save(one: Receiver): Promise<void> {
    if (isClosed) return
    await inTurn(async () => {
      if (all.get(one.row.id) === one) await control.put(placed(one))
    }).catch(failed)
  }

  async function pause(
    { row: { id } }: Receiver,
    reason: PauseReason,
    mayHalt?: Promise<void>,
  ): Promise<void> {
    const one = all.get(id)
    if (isClosed || one === undefined || !isPausedBy(reason, one.row)) return
    log.warn({ webhook: id, reason }, 'a webhook is paused')
    // At once, whatever the database says.
    one.row = { ...one.row, paused: reason }
    if (mayHalt !== undefined) await save(one)
    await mayHalt
    await one.pump.halt()
    await save(one)
  }

  async function demandAllowed(url: URL): Promise<void> {
    if (!origins.includes(url.origin) && (await isForbidden(url))) fail('webhook_url_forbidden')
  }

  const view = async (one: Receiver): Promise<WebhookView> => viewOf(one, await control.countDead())

  const logOf = (account: string): LogReader => accounts.get(account).archive.events.log()

  /** Sends the event of a dead delivery as it is now. */
  async function revive(one: Receiver, event: string): Promise<Outcome | null> {
    const { id, account } = one.row
    const dead = (await control.deadOne(id, event)) ?? fail('delivery_not_found')
    const source = logOf(account)
    const page = await source.readEvents(
      source.fromText(event) - 1,
      { kinds: [dead.kind], chat: null },
      1,
      null,
    )
    const found = page.events.find(({ cursor }) => cursor === event) ?? fail('delivery_not_found')
    const outcome = await one.pump.send(event, bodyOf(found))
    if (outcome?.error === null) await control.removeDead(id, event)
    return outcome
  }

  return {
    async list() {
      if (problem !== null) await load()
      if (problem !== null) throw problem
      const dead = await control.countDead()
      return [...all.values()].map((one) => viewOf(one, dead))
    },
    get: async (id) => view(await findOpen(id)),
    add: (account, { url, filter, isPaused }, secret = newSecret()) =>
      inTurn(async () => {
        if (isClosed) fail('shutting_down')
        if (problem !== null) await load()
        if (problem !== null) throw problem
        if (all.size >= MOST_WEBHOOKS) fail('too_many_webhooks')
        const { id: known } = accounts.get(account)
        await demandAllowed(url)
        const row: WebhookRow = {
          id: `wh_${randomBytes(6).toString('hex')}`,
          account: known,
          url: url.href,
          secret,
          old: null,
          filter,
          paused: isPaused ? 'owner' : null,
          place: endOf(() => logOf(account), clock.now()),
          lostAtMs: null,
          createdAtMs: clock.now(),
        }
        await control.put(row)
        return view(await open(row))
      }),
    change: (id, { url, filter, isPaused }) =>
      inTurn(async () => {
        const one = await find(id)
        if (url !== undefined) await demandAllowed(url)
        return restart(one, (row) => ({
          ...row,
          url: url?.href ?? row.url,
          filter: { ...row.filter, ...filter },
          paused: isPaused === undefined ? row.paused : isPaused ? (row.paused ?? 'owner') : null,
          // The events of its position are gone with their archive.
          ...(isPaused === false && row.paused === 'other_archive' ? one.pump.movedTo('last') : {}),
        }))
      }),
    rotate: (id, overlapS) =>
      inTurn(async () => {
        const untilMs = clock.now() + overlapS * 1_000
        const old = (secret: string) => (overlapS === 0 ? null : { secret, untilMs })
        return restart(await find(id), (row) => ({ ...row, secret: newSecret(), old: old(row.secret) }))
      }),
    remove: (id) =>
      inTurn(async () => {
        const one = await find(id)
        await control.remove(id)
        all.delete(id)
        places.drop(id)
        await one.close()
        // A delivery that failed meanwhile has stored a lane.
        await control.remove(id)
      }),
    async test(id) {
      const { pump } = await findOpen(id)
      const now = clock.now()
      const outcome = await pump.send(`test_${now}`, testBody(id, new Date(now).toISOString()))
      return outcome ?? fail('shutting_down')
    },
    deliveries: async (id, state, ...page) => deliveries[state](await findOpen(id), ...page),
    replay: (id, from) =>
      inTurn(async () => {
        const one = await find(id)
        const source = logOf(one.row.account)
        const cursor = 'after' in from ? from.after : source.toText(source.before(from.sinceMs))
        // A cursor that the log refuses fails here, before the webhook is stopped.
        source.fromText(cursor)
        return restart(one, (row) => ({ ...row, ...one.pump.movedTo(cursor) }))
      }),
    async retry(id, event) {
      const one = await findOpen(id)
      return (await one.pump.retry(event)) ?? (await revive(one, event)) ?? fail('shutting_down')
    },
    async dropAccount(account, { archive }) {
      const own = [...all.values()].filter(({ row }) => row.account === account)
      await Promise.all(own.map((one) => pause(one, 'account_removed')))
      if (!archive) return
      await Promise.all(own.map(empty))
      await places.wipe()
    },
    async close() {
      isClosed = true
      cancelLoad()
      await lastTurn
      await Promise.all([...all.values()].map((one) => one.close()))
      await places.store()
    },
  }
}
