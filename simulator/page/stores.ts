/** `WAWebCollections`: the messages, chats, contacts and groups in this page's memory. */
import { Collection, type Id } from './collection.ts'
import { r, ServerStatusCodeError } from './errors.ts'
import { MsgKeyOfBuild } from './keys.ts'
import { addEmptyChat, learnGroup, toContact } from './learn.ts'
import { ChatModel, ContactModel, GroupMetadataModel, NewsletterMetadataModel } from './models.ts'
import type { MsgKey } from './msg-key.ts'
import { MsgModel } from './msg-model.ts'
import { boot, connection } from './page.ts'
import { personOf } from './people.ts'
import { toMsgModel } from './to-models.ts'
import { createWidFromWidLike, type Wid } from './wid.ts'

/** Messages in memory; the others are in the page's database, which here is the service's. */
class MsgCollection extends Collection<MsgModel> {
  readonly modelClass = MsgModel
  readonly #byBareId = new Map<string, MsgModel>()

  /** By text or model: clients and the library pass no key (whatsapp-web.js, Utils.js), and nothing promises that one is found. */
  override get(id: Id | MsgModel | null | undefined): MsgModel | undefined {
    return typeof id === 'string' || id instanceof MsgModel ? super.get(id) : undefined
  }

  override add(model: MsgModel, options: { at?: number; silent?: boolean } = {}): MsgModel {
    const { id } = model.attributes
    if (id && !this.get(String(id))) this.#byBareId.set(id.id, model)
    return super.add(model, options)
  }

  /** Gives the message another key: fires `change:id` and `change`. */
  override replaceId(model: MsgModel, key: MsgKey): void {
    const before = model.get('id')
    super.replaceId(model, key)
    if (before) this.#byBareId.delete(before.id)
    this.#byBareId.set(key.id, model)
    model.set({ id: key })
  }

  override remove(given: MsgModel | MsgModel[], options: { silent?: boolean } = {}): void {
    for (const model of Array.isArray(given) ? given : [given]) {
      const id = model.get('id')
      if (id && this.#byBareId.get(id.id) === model) this.#byBareId.delete(id.id)
    }
    super.remove(given, options)
  }

  /** Finds a message by the id without direction and chat, as acks name it. */
  getByBareId(id: string): MsgModel | undefined {
    return this.#byBareId.get(id)
  }

  /** Searches newest first, `page` from 1 on, in all chats or in `remote`; results are not kept in memory. */
  async search(
    query: string,
    page = 1,
    count = 50,
    remote?: unknown,
  ): Promise<{ messages: MsgModel[]; eof: boolean }> {
    const chat = remote === undefined || remote === null ? null : String(remote)
    const found = await connection().ask('search', { query, page, count, chat })
    const messages = found.map((message) => {
      const model = toMsgModel(message, false)
      return this.get(model.key()) ?? model
    })
    return { messages, eof: found.length < count }
  }

  /** Rejects with `r: r` for an undefined key, as IndexedDB makes the real one do. Leaves out unknown ids. */
  async getMessagesById(keys: (string | undefined)[]): Promise<{ messages: MsgModel[] }> {
    if (keys.some((key) => key === undefined || key === null)) throw new r()
    const found = new Map<string, MsgModel>()
    const wanted: string[] = []
    for (const key of keys) {
      const known = this.get(String(key))
      if (known) found.set(String(key), known)
      else wanted.push(MsgKeyOfBuild.fromString(key).id)
    }
    if (wanted.length > 0) {
      for (const message of await connection().ask('messages_by_id', { ids: wanted })) {
        const model = toMsgModel(message, false)
        if (keys.includes(model.key())) found.set(model.key(), model)
      }
    }
    return { messages: [...found.values()] }
  }
}

/** Chats, pinned ones first, then newest first. */
class ChatCollection extends Collection<ChatModel> {
  readonly modelClass = ChatModel

  #sorted: ChatModel[] | null = null

  constructor() {
    super()
    this.on('add remove change:t change:pin', () => {
      this.#sorted = null
    })
  }

  override getModelsArray(): ChatModel[] {
    this.#sorted ??= super.getModelsArray().sort((one, other) => {
      const byPin = (other.get('pin') ?? 0) - (one.get('pin') ?? 0)
      return byPin || (other.get('t') ?? 0) - (one.get('t') ?? 0)
    })
    return [...this.#sorted]
  }

  /** Unlike `get`, creates an empty chat for an unknown id; since June 2026 it throws for one (wwebjs#201789). */
  async find(id: Id): Promise<ChatModel> {
    const known = this.get(id)
    if (!known && !boot.build.findsChats) throw new TypeError('this.findImpl is not a function')
    return known ?? addEmptyChat(createWidFromWidLike(id))
  }
}

class ContactCollection extends Collection<ContactModel> {
  readonly modelClass = ContactModel

  /** Unlike `get`, creates a contact without a name for an unknown id. */
  async find(id: Id): Promise<ContactModel> {
    return this.gadd(createWidFromWidLike(id))
  }

  gadd(wid: Wid, _options?: { silent?: boolean }): ContactModel {
    return this.get(wid) ?? this.add(toContact(wid, personOf(wid)))
  }
}

class GroupMetadataCollection extends Collection<GroupMetadataModel> {
  readonly modelClass = GroupMetadataModel

  /**
   * Requests one group from the server. Rejects if the server refuses, as for a group that was left; hangs while it does not
   * respond (F22).
   */
  async update(id: Id): Promise<GroupMetadataModel> {
    const answer = await connection().ask('group', { id: String(id) })
    if ('error' in answer) throw new ServerStatusCodeError(answer.error)
    return learnGroup(answer, true)
  }

  async find(id: Id): Promise<GroupMetadataModel> {
    return this.get(id) ?? this.update(id)
  }
}

class NewsletterCollection extends Collection<ChatModel> {
  readonly modelClass = ChatModel

  async find(id: Id): Promise<ChatModel> {
    return this.assertGet(id)
  }
}

class NewsletterMetadataCollection extends Collection<NewsletterMetadataModel> {
  readonly modelClass = NewsletterMetadataModel

  /** Requests it again from the server; in this double, the response changes nothing. */
  async update(id: Id): Promise<NewsletterMetadataModel> {
    return this.assertGet(id)
  }
}

class BlocklistCollection extends Collection<ContactModel> {}

export const Blocklist: BlocklistCollection = new BlocklistCollection()
export const Newsletters: NewsletterCollection = new NewsletterCollection()
export const NewsletterMetadata: NewsletterMetadataCollection = new NewsletterMetadataCollection()
export const Msg: MsgCollection = new MsgCollection()
export const Chat: ChatCollection = new ChatCollection()
export const Contact: ContactCollection = new ContactCollection()
export const GroupMetadata: GroupMetadataCollection = new GroupMetadataCollection()
