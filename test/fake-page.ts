/**
 * WhatsApp Web's memory and database of one chat in the test's hand: our in-page code runs on it in Node. It
 * promises only what WhatsApp Web does: a loading returns what it loaded, oldest first.
 */
import type { Clock } from '../src/clock.ts'
import { createAddresses } from '../src/engine/wweb/addresses.ts'
import { createAsk } from '../src/engine/wweb/asking.ts'
import { installPageHistory } from '../src/engine/wweb/page-history.ts'
import { installPageMemory, MEMORY_LIMITS, type MemoryLimits } from '../src/engine/wweb/page-memory.ts'
import { installPagePolls } from '../src/engine/wweb/page-polls.ts'
import { installPageRows } from '../src/engine/wweb/page-rows.ts'
import { modelTools } from '../src/engine/wweb/plain-model.ts'
import { createReading } from '../src/engine/wweb/reading.ts'
import { createTranslator } from '../src/engine/wweb/translator.ts'
import { createLog } from '../src/log.ts'
import type { Jid } from '../src/model/ids.ts'
import { CHANGE_TYPES, NOTICE_TYPES } from '../src/model/message-types.ts'
import type { ReadEngine } from '../src/session/catch-up.ts'

export type Entry = { id: string; t: number }

/** Where a loading puts messages among those that the chat has in memory. */
export type Place = 'front' | 'end' | 'anywhere'

export type FakePage = {
  /** The database has these messages, oldest first; memory has the newest one, or none. */
  hold(entries: readonly Entry[]): void
  /** A message arrives while the page runs. */
  add(entry: Entry): void
  /** Ids of the messages that the chat has in memory. */
  inMemory(): string[]
  engine(clock: Clock): ReadEngine
}

class Collection<M extends object> {
  models: M[] = []
  readonly idOf: (model: M) => string
  constructor(idOf: (model: M) => string) {
    this.idOf = idOf
  }
  get(id: unknown): M | undefined {
    return this.models.find((model) => this.idOf(model) === String(id))
  }
  getModelsArray(): M[] {
    return [...this.models]
  }
  remove(models: M[]): void {
    this.models = this.models.filter((model) => !models.includes(model))
  }
}

/** @param shuffled the database has no order within a second; each load of the page may have another one */
export function openFakePage(
  jid: Jid,
  random: (end: number) => number,
  {
    place,
    shuffled = false,
    limits = MEMORY_LIMITS,
  }: { place?: Place; shuffled?: boolean; limits?: MemoryLimits } = {},
): FakePage {
  const toModel = ({ id, t }: Entry) => {
    const remote = { toString: () => jid, server: 'c.us' }
    const key = { fromMe: false, remote, id, toString: () => `false_${jid}_${id}` }
    return { id: key, type: 'chat', body: id, t, from: remote, to: '15551110009@c.us', isNewMsg: false }
  }
  type Model = ReturnType<typeof toModel>
  const messages = () => new Collection<Model>(({ id }) => String(id))
  const withState = () => Object.assign(messages(), { msgLoadState: { noEarlierMsgs: false } })
  const chat = { id: { toString: () => jid }, name: 'Amara', t: 0, msgs: withState() }
  const chats = new Collection<typeof chat>(({ id }) => String(id))
  chats.models = [chat]
  let database: Model[] = []
  /** Messages that loadings brought, oldest first: the next one continues before the first that is in memory. */
  let loadedInOrder: Model[] = []

  function put(models: Model[]): void {
    const held = chat.msgs.models
    const fresh = models.filter((model) => !held.includes(model))
    const where = place ?? (['front', 'end', 'anywhere'] as const)[random(3)]
    if (where === 'front') held.unshift(...fresh)
    else if (where === 'end') held.push(...fresh)
    else for (const model of fresh) held.splice(random(held.length + 1), 0, model)
  }

  function loadedFrom(): number {
    loadedInOrder = loadedInOrder.filter((model) => chat.msgs.models.includes(model))
    const oldest = loadedInOrder[0]
    return oldest === undefined ? database.length : database.indexOf(oldest)
  }

  async function loadEarlierMsgs(): Promise<Model[]> {
    if (chat.msgs.msgLoadState.noEarlierMsgs) return []
    const start = loadedFrom()
    const from = Math.max(0, start - 1 - random(40))
    // Some loadings return again what the page has.
    const again = random(4) === 0 ? random(5) : 0
    const loaded = database.slice(from, start + again)
    chat.msgs.msgLoadState.noEarlierMsgs = from === 0
    put(loaded)
    loadedInOrder = database.slice(from).filter((model) => chat.msgs.models.includes(model))
    return loaded
  }

  const modules: Record<string, unknown> = {
    WAWebCollections: { Chat: chats, Contact: new Collection<object>(String), Msg: messages() },
    WAWebUserPrefsMeUser: { getMaybeMePnUser: () => undefined, getMaybeMeLidUser: () => undefined },
    WAWebWidFactory: { createWid: (text: string) => ({ server: 'c.us', toString: () => text }) },
    WAWebChatLoadMessages: { loadEarlierMsgs },
  }
  const require = (name: string) => {
    if (name in modules) return modules[name]
    throw new Error(`no module ${name}`)
  }

  function hold(entries: readonly Entry[]): void {
    const order = new Map(entries.map(({ id }, index) => [id, shuffled ? random(1_000_000) : index]))
    const placeOf = ({ id }: Model) => order.get(id.id) ?? 0
    database = entries.map(toModel).sort((one, other) => one.t - other.t || placeOf(one) - placeOf(other))
    const isHeld = place !== undefined || random(4) > 0
    chat.msgs = withState()
    chat.msgs.models = isHeld ? database.slice(-1) : []
    loadedInOrder = [...chat.msgs.models]
    chat.t = database.at(-1)?.t ?? 0
    // A new document.
    Object.assign(globalThis, { window: { require, whatsappMcpModels: modelTools() } })
    installPageRows(CHANGE_TYPES, NOTICE_TYPES)
    installPageMemory(limits)
    installPageHistory()
    installPagePolls()
  }

  return {
    hold,
    add(entry) {
      chat.msgs.models.push({ ...toModel(entry), isNewMsg: true })
      chat.t = entry.t
    },
    inMemory: () => chat.msgs.models.map(({ id }) => id.id),
    engine(clock) {
      const pupPage = {
        evaluate: async (run: (...args: unknown[]) => unknown, ...args: unknown[]) => run(...args),
      }
      const client = { pupPage, getNumberId: async () => null, getContactLidAndPhone: async () => [] }
      const translator = createTranslator(clock, createLog({ level: 'silent' }))
      return createReading(
        client,
        createAddresses(),
        translator,
        createAsk(clock, () => true),
        clock,
        () => {},
      )
    },
  }
}
